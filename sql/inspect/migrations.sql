-- Which migrations were applied, and when. The record is yoyo's and belongs to the migrating login.
\ir quiet.psql
select
    to_regclass('public._yoyo_migration') is not null as is_recorded,
    coalesce(
        has_table_privilege(to_regclass('public._yoyo_migration'), 'select'),
        false
    ) as can_read
\gset
\ir loud.psql
\if :is_recorded
    \if :can_read
        select
            migration_id as migration,
            applied_at_utc as applied_at_utc
        from public._yoyo_migration
        order by migration_id;
    \else
        \echo 'This role may not read public._yoyo_migration. Ask as the migrating login:'
        \echo '`renderstore psql owner`, or `yoyo list`.'
    \endif
\else
    \echo 'No migration was applied here, or yoyo keeps its record outside of public.'
\endif
\unset is_recorded
\unset can_read
