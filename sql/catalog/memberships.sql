-- What the group roles are members of.

-- name: list(roles)
-- One row a membership. Whether readonly sees what others run is up to who migrated first: left out.
select
    'membership' as kind,
    quote_ident(member.rolname) || ' in ' || quote_ident(granted.rolname) as name,
    'role ' || quote_ident(member.rolname) as belongs_to,
    '{}'::jsonb as facts
from pg_auth_members
join pg_roles as member on member.oid = pg_auth_members.member
join pg_roles as granted on granted.oid = pg_auth_members.roleid
where
    member.rolname = any(:roles)
    and (member.rolname, granted.rolname)
    <> ('renderstore_readonly', 'pg_read_all_stats')
-- From 16 on each grantor's grant is a row.
group by member.rolname, granted.rolname;
