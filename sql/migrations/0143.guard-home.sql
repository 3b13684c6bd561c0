-- What is home's is written at home. A farm refuses it, and says so; replication fires no such trigger.
-- depends: 0142.create-placements

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
    guarded record;
begin
    for guarded in
        select
            c.oid::regclass as named,
            c.relname || '_guard_home' as guard,
            -- What hangs on identity.owners is asked for in vain by its cascade: a farm has no row of it to delete.
            case
                when exists (
                    select
                    from pg_constraint as k
                    where k.conrelid = c.oid
                        and k.confrelid = 'identity.owners'::regclass
                ) then ''
                else 'delete or '
            end as deletes
        from ops.placements as p
        join pg_class as c on c.oid = p.table_name::regclass
        where p.placed = 'home'
    loop
        execute format(
            'create trigger %I before insert or update or %struncate on %s'
            ' for each statement execute function ops.refuse_away_from_home()',
            guarded.guard,
            guarded.deletes,
            guarded.named
        );
    end loop;
end
$$;
