-- What is home's is written at home. A farm refuses it, and says so; replication fires no such trigger.
-- depends: 0150.create-placements

set local role renderstore_owner;

create function ops.refuse_away_from_home()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    farm smallint;
begin
    select h.farm_id into farm
    from ops.here as h
    where not h.is_home;
    if found then
        raise exception using
            errcode = 'RS016',
            message = format(
                '%s.%s is written at home, and this is farm %s.',
                tg_table_schema,
                tg_table_name,
                farm
            );
    end if;
    return null;
end
$$;
comment on function ops.refuse_away_from_home() is
    'Trigger: a farm that is not home refuses to write what is home''s.';

do $$
declare
    guarded regclass;
begin
    for guarded in
        select p.table_name::regclass
        from ops.placements as p
        where p.placed = 'home'
    loop
        execute format(
            'create trigger %I before insert or update or delete or truncate on %s'
            ' for each statement execute function ops.refuse_away_from_home()',
            (select relname from pg_class where oid = guarded) || '_guard_home',
            guarded
        );
    end loop;
end
$$;
