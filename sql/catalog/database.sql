-- What everybody may do in the database as a whole. CONNECT is left out: whether everybody may
-- is the DBA's to say, and nothing of ours depends on it.

-- name: list()
-- One row. Before the first migration nothing of ours is there that could be stood in the way of.
select
    'database' as kind,
    '' as name,
    null as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'temporary_for_all', nullif(is_migrated and temporary, false),
            'create_for_all', nullif(is_migrated and schemas, false),
            'public_create_for_all', nullif(is_migrated and public, false)
        )
    ) as facts
from (
    select
        to_regnamespace('identity') is not null as is_migrated,
        has_database_privilege('public', current_database(), 'temporary') as temporary,
        has_database_privilege('public', current_database(), 'create') as schemas,
        -- PUBLIC's by default on a database that began before PostgreSQL 15.
        has_schema_privilege('public', to_regnamespace('public'), 'create') as public
) as open_to_all;
