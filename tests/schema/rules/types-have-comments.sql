-- Every type has a comment.
select violator
from style.types
where obj_description(oid, 'pg_type') is null;

-- Broken by: ops.mood, ops.level, ops.pair
create type ops.mood as enum ('good', 'bad');
create domain ops.level as integer;
create type ops.pair as (a integer, b integer);
