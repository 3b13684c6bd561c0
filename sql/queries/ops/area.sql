-- What concerns every room.

-- name: sweep(max_rows, only_urgent)
-- What was done of all that time asks for, at most max_rows of each part, or of what the queue waits for alone; a part that failed says its problem. Once a minute, by a worker or an administrator.
-- row: SweptPart
-- null: max_rows? only_urgent? what! jobs!
select
    what,
    jobs,
    problem
from ops.sweep(
    coalesce(:max_rows::bigint, 1000),
    coalesce(:only_urgent::boolean, false)
);
