-- What came from another system, and what could not. `renderstore import prisma` brings it; administrators and readers see it.

-- name: import_rows(kind, source, old_rows, plan_id)
-- How many of a batch of rows of one table of another system, a JSON array, came, with which changes, were refused and why, or were here already; an administrator's.
-- row: ImportCount
-- null: outcome! what? rows!
select
    outcome,
    what,
    rows
from ops.import_rows(:kind, :source, :old_rows, :plan_id);

-- name: find_new(kind, source, old_id)^
-- Which row of ours came from this row of another system.
-- row: Imported
select
    kind,
    source,
    old_id,
    table_name,
    row_key,
    changes,
    imported_at
from ops.imported
where kind = :kind and source = :source and old_id = :old_id;

-- name: find_old(table_name, row_key)
-- From which rows of another system a row of ours came: several where they were merged.
-- row: Imported
select
    kind,
    source,
    old_id,
    table_name,
    row_key,
    changes,
    imported_at
from ops.imported
where table_name = :table_name and row_key = :row_key
order by kind, source, old_id;

-- name: list_refusals(kind, after_source, after_old_id, page_size)
-- A page of the rows of another system that could not come, table by table (null for the first page).
-- row: ImportRefusal
-- null: after_source? after_old_id?
select
    kind,
    source,
    old_id,
    reason,
    old_row,
    refused_at
from ops.import_refusals
where kind = :kind
    and (source, old_id) > (
        coalesce(:after_source::text, ''),
        coalesce(:after_old_id::text, '')
    )
order by source, old_id
limit (select :page_size::bigint);
