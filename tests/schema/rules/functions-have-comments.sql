-- Every function has a comment.
select violator
from style.functions
where obj_description(oid, 'pg_proc') is null;

-- Broken by: ops.stray
create function ops.stray() returns integer language sql return 1;
