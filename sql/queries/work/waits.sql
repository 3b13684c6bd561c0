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

-- name: is_anything_in_line()$
-- Whether a job stands in a lane that the acting worker may take from, or is to come into one that is not open yet: one too that
-- a claim passes over, since somebody has locked it or it stands below where claims look.
-- null: is_anything!
select
    exists (
        select
        from work.workers as w
        join work.lanes as l
            on l.kind = any(w.kinds)
            and l.labels <@ w.labels
            and not l.is_paused
            and not l.is_closing
        where w.name = work.current_worker()
            and exists (
                select
                from work.ready as r
                where r.lane_id = l.id
            )
    )
    or exists (
        select
        from work.arrivals
    ) as is_anything;

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
