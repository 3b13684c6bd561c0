-- One row's life as a person reads it.
-- depends: 0131.note-asked-jobs

set local role renderstore_owner;

-- How a kept value reads: a long text by its length.
create function audit.shown(value jsonb)
returns text
language sql
immutable
parallel safe
return case jsonb_typeof(value)
    when 'object' then format('%s characters', value ->> 'length')
    when 'array' then (
        select string_agg(each.value, ', ' order by each.nth)
        from jsonb_array_elements_text(value) with ordinality as each (value, nth)
    )
    else coalesce(value #>> '{}', 'nothing')
end;
comment on function audit.shown(jsonb) is
    'A value that the trail kept, as a person reads it.';

create function audit.told(
    operation audit.operation,
    changed text[],
    before jsonb,
    after jsonb
)
returns text
language sql
immutable
parallel safe
return concat_ws(
    ': ',
    case operation
        when 'insert' then 'made'
        when 'delete' then 'deleted'
        when 'cancel' then 'asked to cancel'
        when 'try_again' then 'asked to try again'
    end,
    nullif(
        concat_ws(
            '; ',
            (
                select
                    string_agg(
                        case
                            when operation in ('insert', 'delete')
                                then format(
                                    '%s %s',
                                    told.name,
                                    audit.shown(coalesce(after, before) -> told.name)
                                )
                            else format(
                                '%s %s → %s',
                                told.name,
                                audit.shown(before -> told.name),
                                audit.shown(after -> told.name)
                            )
                        end,
                        '; ' order by told.nth
                    )
                from unnest(changed) with ordinality as told (name, nth)
                where coalesce(after, before) ? told.name
            ),
            (
                select
                    string_agg(hidden.name, ', ' order by hidden.nth)
                    || case
                        when operation in ('insert', 'delete') then ' given'
                        else ' changed'
                    end
                from unnest(changed) with ordinality as hidden (name, nth)
                where not coalesce(after, before, '{}') ? hidden.name
            )
        ),
        ''
    )
);
comment on function audit.told(audit.operation, text[], jsonb, jsonb) is
    'What an entry of the trail says, as a person reads it.';

create function audit.history(
    table_name text,
    row_key text,
    max_rows bigint default 100
)
returns table (
    happened_at timestamptz,
    actor text,
    who text,
    what text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job constant uuid := case
        when table_name = 'work.jobs'
            and row_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            then row_key::uuid
    end;
begin
    if table_name <> 'work.jobs'
        and not exists (
            select
            from pg_proc as p
            where p.pronamespace = 'audit'::regnamespace
                and p.proname = 'note_' || replace(table_name, '.', '_')
        )
    then
        raise exception using
            errcode = 'P0002',
            message = format('The trail follows no table %s; audit.columns lists those that it does.', table_name);
    end if;
    return query
    select
        told.happened_at,
        told.actor,
        coalesce(split_part(told.actor, ':', 1) || ':' || u.email, told.actor),
        told.what
    from (
        (
            select
                e.happened_at,
                e.id as place,
                e.actor,
                audit.told(e.operation, e.changed, e.before, e.after) as what
            from audit.entries as e
            where e.table_name = table_name and e.row_key = row_key
            order by e.id desc
            limit max_rows
        )
        union all
        (
            select
                h.happened_at,
                h.place,
                h.actor,
                concat_ws(': ', 'became ' || h.after, h.reason) as what
            from work.jobs as j
            join work.history as h on h.user_id = j.user_id and h.job_id = j.id
            where j.status = any(enum_range(null::work.job_status)) and j.id = job
            order by h.happened_at desc, h.place desc
            limit max_rows
        )
    ) as told
    left join identity.users as u
        on u.id = substring(told.actor from '^(?:user|admin):([0-9a-f-]{36})$')::uuid
    order by told.happened_at, told.place nulls last;
end
$$;
comment on function audit.history(text, text, bigint) is
    'One row''s life, the oldest first, as far as whoever asks may see it: the table with its schema, the key without its owner. A job''s has its transitions too.';

grant execute on function
    audit.shown(jsonb),
    audit.told(audit.operation, text[], jsonb, jsonb),
    audit.history(text, text, bigint)
to renderstore_app, renderstore_admin, renderstore_readonly;
