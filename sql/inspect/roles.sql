-- The roles and the logins that may enter them. A login that inherits a role sees that role's
-- rows without entering it: it should not. (The two options are PostgreSQL 16's; before, the
-- login's own attribute counts.)
select
    entered.rolname as role,
    member.rolname as granted_to,
    member.rolcanlogin as can_login,
    coalesce(
        (to_jsonb(membership) ->> 'inherit_option')::boolean,
        member.rolinherit
    ) as inherits_it,
    coalesce((to_jsonb(membership) ->> 'set_option')::boolean, true) as can_enter_it,
    membership.admin_option as can_grant_it,
    shobj_description(entered.oid, 'pg_authid') as comment
from pg_roles as entered
left join pg_auth_members as membership on membership.roleid = entered.oid
left join pg_roles as member on member.oid = membership.member
where entered.rolname ^@ 'renderstore_'
    and not entered.rolcanlogin
order by entered.rolname, member.rolname
\g (format=wrapped columns=80)
