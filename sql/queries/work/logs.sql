-- What jobs' programs say.

-- name: append(user_id, job_id, attempt, chunk)$
-- The position reached after appending to the log of a job that the acting worker holds. Refused without the current lease.
-- null: reached!
select work.append_log(:user_id, :job_id, :attempt, :chunk) as reached;

-- name: list_after(job_id, position, page_size)
-- A page of a job's log from this position on, 0 for its beginning.
-- row: Chunk
select
    position,
    attempt,
    chunk,
    written_at
from work.logs
where job_id = :job_id and position >= :position
order by position
limit (select :page_size::bigint);

-- name: list_tail(job_id, page_size)
-- The last chunks of a job's log, the latest first.
-- row: Chunk
select
    position,
    attempt,
    chunk,
    written_at
from work.logs
where job_id = :job_id
order by position desc
limit (select :page_size::bigint);

-- name: get_text(job_id)$
-- A job's log as one text; empty where it has none.
-- null: text!
select coalesce(string_agg(chunk, '' order by position), '') as text
from work.logs
where job_id = :job_id;
