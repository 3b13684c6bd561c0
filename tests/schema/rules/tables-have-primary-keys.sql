-- Every table has a primary key.
select violator
from style.tables
where not exists (
    select
    from style.constraints
    where constraints.table_oid = tables.oid and constraints.kind = 'p'
);

-- Broken by: ops.strays
create table ops.strays (id uuid);
