-- A table with updated_at has the trigger that keeps it.
select columns.violator
from style.columns
where columns.is_stored
    and columns.name = 'updated_at'
    and not exists (
        select
        from pg_trigger
        where tgrelid = columns.table_oid and tgfoid = to_regproc('ops.set_updated_at')
    );

-- Broken by: ops.strays.updated_at
create table ops.strays (updated_at timestamptz);
