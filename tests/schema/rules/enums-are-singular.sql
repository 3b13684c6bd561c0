-- An enum is a singular noun; its values are lower-case words.
select
    types.violator,
    null as detail
from style.types
where kind = 'e'
    and name ~ 's$'
    and name !~ '(ss|us|is)$'
union all
select
    types.violator,
    pg_enum.enumlabel as detail
from style.types
join pg_enum on pg_enum.enumtypid = types.oid
where pg_enum.enumlabel !~ '^[a-z0-9]+(_[a-z0-9]+)*$';

-- Broken by: ops.moods, ops.mood
create type ops.moods as enum ('good');
create type ops.mood as enum ('Very good');
