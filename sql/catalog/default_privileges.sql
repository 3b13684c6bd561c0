-- What will be granted on objects that do not exist yet.

-- name: list(areas, owner)
-- One row a sort of object, where it is the owner's or in our schemas.
with each_right as (
    select
        oid as acl_oid,
        case grantee
            when 0 then 'PUBLIC'
            else pg_get_userbyid(grantee)
        end as grantee,
        case
            when is_grantable then privilege_type || ' with grant option'
            else privilege_type
        end as privilege
    from pg_default_acl
    cross join aclexplode(defaclacl)
    -- Its maker keeps every right, and newer versions know one more.
    where grantee <> defaclrole
),

granted as (
    select
        acl_oid,
        grantee,
        jsonb_agg(distinct privilege) as privileges
    from each_right
    group by acl_oid, grantee
)

select
    'default privileges' as kind,
    quote_ident(pg_get_userbyid(defaclrole))
    || ' for '
    || case defaclobjtype
        when 'r' then 'tables'
        when 'S' then 'sequences'
        when 'f' then 'functions'
        when 'T' then 'types'
        when 'n' then 'schemas'
        else 'large objects'
    end
    || coalesce(' in ' || nullif(defaclnamespace, 0)::regnamespace::text, '') as name,
    'schema ' || nullif(defaclnamespace, 0)::regnamespace as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'grants', (
                select jsonb_object_agg(grantee, privileges)
                from granted
                where acl_oid = pg_default_acl.oid
            )
        )
    ) as facts
from pg_default_acl
left join pg_namespace on pg_namespace.oid = defaclnamespace
where pg_get_userbyid(defaclrole) = :owner or nspname = any(:areas);
