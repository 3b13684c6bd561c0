-- What concerns the studio as a whole.

-- name: list_problems(page_size)
-- Whatever disagrees between counts, positions and rows: nothing, or a defect. Reads everything.
-- null: user_id? id? problem!
select
    user_id,
    id,
    problem
from studio.problems()
order by user_id, id, problem
limit (select :page_size::bigint);
