-- In work, render, studio, media, audit and for rate limits the primary key begins with user_id.
select
    tables.violator,
    constraints.definition as detail
from style.tables
left join style.constraints
    on constraints.table_oid = tables.oid and constraints.kind = 'p'
where tables.is_in_owner_room
    and constraints.column_names[1] is distinct from 'user_id';

-- Broken by: work.strays, media.strays
create table work.strays (id uuid, user_id uuid, constraint strays_pkey primary key (id, user_id));
create table media.strays (id uuid);
