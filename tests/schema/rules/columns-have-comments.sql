-- Every column has a comment: unit, range, meaning, what null says.
select violator
from style.columns
where col_description(table_oid, attnum) is null;

-- Broken by: ops.strays.id, ops.seen.one
create table ops.strays (id uuid);
create view ops.seen as select 1 as one;
