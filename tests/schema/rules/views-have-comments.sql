-- Every view has a comment.
select violator
from style.views
where obj_description(oid, 'pg_class') is null;

-- Broken by: ops.strays
create view ops.strays as select 1 as one;
