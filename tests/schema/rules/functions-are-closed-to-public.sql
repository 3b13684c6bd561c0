-- Who may run a function is granted one by one.
select distinct violator
from style.functions
cross join lateral aclexplode(rights) as acl
where acl.grantee = 0;

-- Broken by: ops.stray
create function ops.stray() returns integer language sql return 1;
grant execute on function ops.stray() to public;
