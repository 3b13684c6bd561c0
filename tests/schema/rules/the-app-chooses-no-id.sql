-- renderstore_app chooses no id of a row that the database numbers, and re-owns none.
select columns.violator
from style.columns
cross join (values ('insert'), ('update')) as wanted (privilege)
where columns.is_stored
    and columns.name = 'id'
    and columns.default_value = 'ops.uuidv7()'
    and has_column_privilege('renderstore_app', columns.table_oid, columns.attnum, wanted.privilege)
union
select columns.violator
from style.columns
where columns.is_stored
    and columns.name = 'user_id'
    and has_column_privilege('renderstore_app', columns.table_oid, columns.attnum, 'update');

-- Broken by: work.strays.id, work.strays.user_id
create table work.strays (user_id uuid, id uuid default ops.uuidv7());
grant insert, update on work.strays to renderstore_app;
