-- A reader's plain `select *` works on every table that it may read at all: what it may not see stands in a table
-- of its own.
select violator
from style.tables
where has_any_column_privilege('renderstore_readonly', oid, 'select')
    and not has_table_privilege('renderstore_readonly', oid, 'select');

-- Broken by: ops.strays
create table ops.strays (id uuid, secret text);
grant select (id) on ops.strays to renderstore_readonly;
