-- Every table has a comment.
select violator
from style.tables
where obj_description(oid, 'pg_class') is null;

-- Broken by: ops.strays
create table ops.strays (id uuid);
