-- Every schema has a comment.
select area as violator
from style.areas
where obj_description(oid, 'pg_namespace') is null;

-- Broken by: media
comment on schema media is null;
