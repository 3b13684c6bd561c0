-- Policies of row-level security.

-- name: list(areas)
-- One row a policy.
select
    'policy' as kind,
    polrelid::regclass || '.' || quote_ident(polname) as name,
    'table ' || polrelid::regclass as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'command',
            case polcmd
                when 'r' then 'select'
                when 'a' then 'insert'
                when 'w' then 'update'
                when 'd' then 'delete'
                else 'all'
            end,
            'restrictive', nullif(not polpermissive, false),
            'roles', (
                select jsonb_agg(role_name order by role_name collate "C")
                from (
                    select
                        case role
                            when 0 then 'PUBLIC'
                            else pg_get_userbyid(role)
                        end as role_name
                    from unnest(polroles) as role
                ) as named
            ),
            'using', pg_get_expr(polqual, polrelid),
            'check', pg_get_expr(polwithcheck, polrelid),
            'comment', obj_description(pg_policy.oid, 'pg_policy')
        )
    ) as facts
from pg_policy
join pg_class on pg_class.oid = polrelid
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
