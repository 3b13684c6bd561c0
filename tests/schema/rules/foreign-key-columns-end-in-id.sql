-- A column that points at another table's id is singular and ends in _id.
select
    violator,
    column_names::text as detail
from style.foreign_keys
where referenced_names[cardinality(referenced_names)] = 'id'
    and column_names[cardinality(column_names)] !~ '_id$'
    -- A row that stands beside another under the same key shares its id.
    and column_names[cardinality(column_names)] <> 'id';

-- Broken by: ops.strays.strays_owner_fkey
create table ops.strays (
    owner uuid,
    constraint strays_owner_fkey foreign key (owner) references identity.users (id)
);
