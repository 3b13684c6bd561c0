-- Who sees and changes which rows. A table without a policy for a role shows it nothing.
select
    format(
        '%s (row security %s)',
        namespace.nspname || '.' || class.relname,
        case
            when class.relrowsecurity and class.relforcerowsecurity then 'on, for its owner too'
            when class.relrowsecurity then 'on, not for its owner'
            else 'OFF'
        end
    ) || E'\n'
    || coalesce(
        string_agg(
            regexp_replace(format(
                    '%s: %s by %s%s%s',
                    policy.polname,
                    case policy.polcmd
                        when 'r' then 'select'
                        when 'a' then 'insert'
                        when 'w' then 'update'
                        when 'd' then 'delete'
                        when '*' then 'all'
                    end,
                    (
                        select string_agg(coalesce(role.rolname, 'public'), ', ' order by role.rolname)
                        from unnest(policy.polroles) as member (oid)
                        left join pg_roles as role on role.oid = member.oid
                    ),
                    '; sees ' || pg_get_expr(policy.polqual, policy.polrelid),
                    '; may write ' || pg_get_expr(policy.polwithcheck, policy.polrelid)
                ), '\s*(.{1,74})(\s+|$)', E'  \\1\n', 'g'),
            ''
            order by policy.polname
        ),
        ''
    )
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
left join pg_policy as policy on policy.polrelid = class.oid
where class.relkind in ('r', 'p')
    and namespace.nspname not in ('information_schema', 'public')
    and namespace.nspname !~ '^pg_'
group by namespace.nspname, class.relname, class.relrowsecurity, class.relforcerowsecurity
order by namespace.nspname, class.relname
\g (format=unaligned tuples_only=on)
