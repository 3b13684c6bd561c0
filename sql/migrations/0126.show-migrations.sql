-- Whoever asks for the house's health may see which migrations are applied: yoyo's own list, which belongs to the login that migrates.
-- Where another tool ran them there is none.
-- depends: 0125.take-limits

do $$
begin
    if to_regclass('public._yoyo_migration') is not null then
        grant select on public._yoyo_migration to renderstore_owner;
    end if;
end
$$;

set local role renderstore_owner;

create function ops.applied_migrations()
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if has_table_privilege(to_regclass('public._yoyo_migration'), 'select') then
        return (
            select array_agg(m.migration_id::text order by m.migration_id)
            from public._yoyo_migration as m
        );
    end if;
    return null;
end
$$;
comment on function ops.applied_migrations() is
    'The migrations that yoyo applied; null where they cannot be seen.';

grant execute on function ops.applied_migrations()
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
