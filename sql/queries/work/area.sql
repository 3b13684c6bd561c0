-- What concerns the queue as a whole.

-- name: sweep(max_rows)
-- What was done of all that time asks for, at most max_rows of each. Any worker runs it, as often as it likes.
-- null: what! jobs!
select
    what,
    jobs
from work.sweep(coalesce(:max_rows::bigint, 1000));

-- name: list_problems(page_size)
-- Whatever disagrees between jobs, line, leases, counts and events: nothing, or a defect. Reads everything.
-- null: user_id! job_id? problem!
select
    user_id,
    job_id,
    problem
from work.problems()
order by user_id, job_id, problem
limit (select :page_size::bigint);
