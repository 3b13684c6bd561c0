-- What the database takes, every client can read back: times that a calendar has, JSON that a parser finishes.
-- depends: 0025.create-authjs-sign-in

set local role renderstore_owner;

create domain ops.moment as timestamptz
    constraint moment_is_1970_to_9999_check
        check (
            value >= timestamptz 'epoch'
            and value < timestamptz '9999-12-31 00:00:00+00'
        );
comment on domain ops.moment is
    'A time that every client can read: 1970 to 9999.';
comment on constraint moment_is_1970_to_9999_check on domain ops.moment is
    'A time lies between 1970 and 9999.';

-- The cheap questions come first: its size, how deep it is, whether there is a number at all. Only then is it written as text, which
-- costs as much as all of them.
create function ops.json_problem(value jsonb)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if value is null then
        return null;
    elsif pg_column_size(value) > 1048576 then
        return 'JSON has at most 1 MiB.';
    elsif jsonb_path_exists(value, 'strict $.**{200}') then
        return 'JSON is at most 200 levels deep.';
    elsif jsonb_path_exists(value, 'strict $.** ? (@.type() == "number")')
        and value::text ~ '[0-9.]{101}'
        and exists (
            select
            from jsonb_path_query(value, 'strict $.**') as part
            where jsonb_typeof(part) = 'number' and length(part::text) > 100
        )
    then
        return 'A number in JSON has at most 100 digits.';
    end if;
    return null;
end
$$;
comment on function ops.json_problem(jsonb) is
    'Why some client could not read this JSON back, as a sentence; null where every one can, and for null.';

grant execute on function ops.json_problem(jsonb)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
