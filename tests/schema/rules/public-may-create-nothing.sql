-- PUBLIC and the group roles create nothing: no temporary table, no object in any schema.
select
    format('database %s', current_database()) as violator,
    format('%s to %s', lower(acl.privilege_type), acl.grantee::regrole) as detail
from pg_database
cross join lateral aclexplode(coalesce(pg_database.datacl, acldefault('d', pg_database.datdba))) as acl
where pg_database.datname = current_database()
    and acl.privilege_type in ('CREATE', 'TEMPORARY')
    and acl.grantee <> pg_database.datdba
union all
select
    pg_namespace.nspname as violator,
    format('create to %s', acl.grantee::regrole) as detail
from pg_namespace
cross join lateral aclexplode(coalesce(pg_namespace.nspacl, acldefault('n', pg_namespace.nspowner))) as acl
where pg_namespace.nspname !~ '^pg_'
    and acl.privilege_type = 'CREATE'
    and acl.grantee <> pg_namespace.nspowner;

-- Broken by: ops, media
grant create on schema ops to public;
grant create on schema media to renderstore_worker;
