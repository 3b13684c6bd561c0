-- Workers that wait for jobs.

-- name: begin(kinds, patience)!
-- Says that the acting worker waits, for its registered kinds or for fewer that are named.
-- null: kinds? patience?
select work.await_jobs(
    :kinds,
    coalesce(:patience::interval, interval '30 seconds')
) as waits;

-- name: get_channel()$
-- The channel on which the acting worker listens.
-- null: channel!
select work.wake_channel(work.current_worker()) as channel;

-- name: get_horizon()$
-- The transaction number that comes next: whoever missed that a worker waits has a lower one.
-- null: horizon!
select pg_snapshot_xmax(pg_current_snapshot())::text as horizon;

-- name: is_settled(horizon)$
-- Whether every transaction below the horizon has ended, so that a claim from here on sees its jobs.
-- null: is_settled!
select pg_snapshot_xmin(pg_current_snapshot()) >= :horizon::text::xid8 as is_settled;

-- name: list(after_worker, page_size)
-- A page of the workers that wait at this moment.
-- null: expires_at!
select
    worker,
    kinds,
    labels,
    expires_at
from work.waits
where worker > coalesce(:after_worker::text, '') and expires_at > now()
order by worker
limit (select :page_size::bigint);

-- name: pass_on()!
-- Wakes a waiting worker for each lane in which jobs stand.
select work.wake_waiting() as woken;

-- name: end()!
-- Says that the acting worker has found something to do.
select work.stop_waiting() as stopped;
