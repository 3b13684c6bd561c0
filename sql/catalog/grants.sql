-- Who may do what with each object. What its owner may is said only where it lacks something.

-- name: list(areas)
-- One row an object; what stands nowhere in a list of rights has its sort's default.
with ours as (
    select oid as ours_oid
    from pg_namespace
    where nspname = any(:areas)
),

held as (
    select
        'schema' as kind,
        oid::regnamespace::text as name,
        nspowner as owner,
        acldefault('n', nspowner) as rights_by_default,
        nspacl as rights
    from pg_namespace
    join ours on ours_oid = oid
    union all
    select
        case
            when relkind in ('v', 'm') then 'view'
            when relkind = 'S' then 'sequence'
            else 'table'
        end as kind,
        oid::regclass::text as name,
        relowner as owner,
        case
            when relkind = 'S' then acldefault('s', relowner)
            else acldefault('r', relowner)
        end as rights_by_default,
        relacl as rights
    from pg_class
    join ours on ours_oid = relnamespace
    where relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select
        'column' as kind,
        attrelid::regclass || '.' || quote_ident(attname) as name,
        relowner as owner,
        null::aclitem[] as rights_by_default,
        attacl as rights
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join ours on ours_oid = relnamespace
    where attacl is not null and not attisdropped
    union all
    select
        'function' as kind,
        oid::regprocedure::text as name,
        proowner as owner,
        acldefault('f', proowner) as rights_by_default,
        proacl as rights
    from pg_proc
    join ours on ours_oid = pronamespace
    union all
    select
        'type' as kind,
        oid::regtype::text as name,
        typowner as owner,
        acldefault('T', typowner) as rights_by_default,
        typacl as rights
    from pg_type
    join ours on ours_oid = typnamespace
),

each_right as (
    select
        kind,
        name,
        case grantee
            when 0 then 'PUBLIC'
            else pg_get_userbyid(grantee)
        end as grantee,
        case
            when is_grantable then privilege_type || ' with grant option'
            else privilege_type
        end as privilege
    from held
    cross join aclexplode(coalesce(rights, rights_by_default))
    where grantee <> owner
),

granted as (
    select
        kind,
        name,
        grantee,
        -- The same right may come from several grantors.
        jsonb_agg(distinct privilege) as privileges
    from each_right
    group by kind, name, grantee
),

granted_to as (
    select
        kind,
        name,
        jsonb_object_agg(grantee, privileges) as grants
    from granted
    group by kind, name
)

select
    held.kind,
    held.name,
    null as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'grants', grants,
            'owner_lacks', (
                select jsonb_agg(privilege_type order by privilege_type collate "C")
                from aclexplode(rights_by_default) as due
                where
                    rights is not null
                    and grantee = owner
                    and not exists (
                        select
                        from aclexplode(rights) as kept
                        where
                            kept.grantee = due.grantee
                            and kept.privilege_type = due.privilege_type
                    )
            )
        )
    ) as facts
from held
left join granted_to
    on granted_to.kind = held.kind and granted_to.name = held.name;
