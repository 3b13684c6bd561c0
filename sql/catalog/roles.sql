-- The group roles, which belong to the whole cluster.

-- name: list(roles)
-- What each role is, and what it may beyond rights on objects.
select
    'role' as kind,
    quote_ident(rolname) as name,
    null as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'superuser', nullif(rolsuper, false),
            'createrole', nullif(rolcreaterole, false),
            'createdb', nullif(rolcreatedb, false),
            'login', nullif(rolcanlogin, false),
            'replication', nullif(rolreplication, false),
            'bypassrls', nullif(rolbypassrls, false),
            'noinherit', nullif(not rolinherit, false),
            'comment', shobj_description(oid, 'pg_authid')
        )
    ) as facts
from pg_roles
where rolname = any(:roles);
