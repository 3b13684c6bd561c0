-- What concerns the media portal as a whole.

-- name: list_problems(page_size)
-- Whatever disagrees between requests, counts and files: nothing, or a defect. Reads everything.
-- null: user_id? id? problem!
select
    user_id,
    id,
    problem
from media.problems()
order by user_id, id, problem
limit (select :page_size::bigint);
