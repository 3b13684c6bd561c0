-- Who sees and changes which rows. A table without a policy for a role shows it nothing.
select
    namespace.nspname || '.' || class.relname as name,
    case
        when class.relrowsecurity and class.relforcerowsecurity then 'on, for its owner too'
        when class.relrowsecurity then 'on, not for its owner'
        else 'OFF'
    end as row_security,
    policy.polname as policy,
    case policy.polcmd
        when 'r' then 'select'
        when 'a' then 'insert'
        when 'w' then 'update'
        when 'd' then 'delete'
        when '*' then 'all'
    end as command,
    (
        select string_agg(coalesce(role.rolname, 'public'), ', ' order by role.rolname)
        from unnest(policy.polroles) as member (oid)
        left join pg_roles as role on role.oid = member.oid
    ) as roles,
    pg_get_expr(policy.polqual, policy.polrelid) as sees,
    pg_get_expr(policy.polwithcheck, policy.polrelid) as may_write
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
left join pg_policy as policy on policy.polrelid = class.oid
where class.relkind in ('r', 'p')
    and namespace.nspname not in ('information_schema', 'public')
    and namespace.nspname !~ '^pg_'
order by 1, policy.polname
\g (format=wrapped)
