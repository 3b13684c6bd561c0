-- A child points at its parent with (user_id, parent_id): no row hangs under somebody else's.
select
    foreign_keys.violator,
    foreign_keys.definition as detail
from style.foreign_keys
join style.tables as child on child.oid = foreign_keys.table_oid
join style.tables as parent on parent.oid = foreign_keys.referenced_oid
where child.is_in_owner_room
    and child.has_owner
    and parent.is_in_owner_room
    and parent.has_owner
    and (
        foreign_keys.column_names[1] <> 'user_id'
        or foreign_keys.referenced_names[1] <> 'user_id'
    );

-- Broken by: work.children.children_parent_id_fkey
create table work.parents (user_id uuid, id uuid unique);
create table work.children (
    user_id uuid,
    parent_id uuid,
    constraint children_parent_id_fkey foreign key (parent_id) references work.parents (id)
);
