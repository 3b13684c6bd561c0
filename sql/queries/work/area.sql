-- What concerns the queue as a whole.

-- name: sweep(max_rows)
-- What was done of what the queue waits for, at most max_rows of each part; a part that failed says its problem. Any worker runs it, as often as it likes.
-- null: what! jobs!
select
    what,
    jobs,
    problem
from work.sweep(coalesce(:max_rows::bigint, 1000));

-- name: list_problems(page_size)
-- Whatever disagrees between jobs, line, leases, counts and events: nothing, or a defect. Reads everything.
-- null: user_id? job_id? problem!
select
    user_id,
    job_id,
    problem
from work.problems()
order by user_id, job_id, problem
limit (select :page_size::bigint);

-- name: mend()
-- Makes line, counts and events agree with the jobs again, after somebody changed rows as their owner; what was done.
-- null: what! jobs!
select
    what,
    jobs
from work.mend();

-- name: clear_ended_jobs(max_rows)$
-- How many jobs were deleted that ended longer ago than their owner's plan keeps them; call it until it gives 0.
-- null: cleared!
select work.clear_ended_jobs(coalesce(:max_rows::bigint, 1000)) as cleared;
