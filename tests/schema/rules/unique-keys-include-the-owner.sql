-- In the rooms of rule 1 every unique key begins with user_id: one tenant must not learn from it
-- what another has.
select
    indexes.violator,
    indexes.column_names::text as detail
from style.indexes
join style.tables on tables.oid = indexes.table_oid
where tables.is_in_owner_room
    and tables.has_owner
    and indexes.is_unique
    and not indexes.is_primary
    and indexes.column_names[1] is distinct from 'user_id';

-- Broken by: work.strays_name_key
create table work.strays (user_id uuid, name text);
create unique index strays_name_key on work.strays (name);
