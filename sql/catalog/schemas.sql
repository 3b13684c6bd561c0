-- The schemas of the areas. Whatever else a database holds is its owner's.

-- name: list(areas)
-- One row a schema.
select
    'schema' as kind,
    oid::regnamespace::text as name,
    null as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'owner', pg_get_userbyid(nspowner),
            'comment', obj_description(oid, 'pg_namespace')
        )
    ) as facts
from pg_namespace
where nspname = any(:areas);
