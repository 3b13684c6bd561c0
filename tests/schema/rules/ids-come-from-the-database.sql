-- An id that names the row of its table is a version 7 UUID, made by default.
select columns.violator
from style.columns
join style.constraints on constraints.table_oid = columns.table_oid and constraints.kind = 'p'
where columns.name = 'id'
    and columns.type = 'uuid'
    and columns.default_value is distinct from 'ops.uuidv7()'
    and not exists (
        select
        from style.foreign_keys
        where foreign_keys.table_oid = columns.table_oid and 'id' = any (foreign_keys.column_names)
    );

-- Broken by: ops.strays.id
create table ops.strays (id uuid default gen_random_uuid(), constraint strays_pkey primary key (id));
