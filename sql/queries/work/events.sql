-- What happened to jobs, to be read on from a position.

-- name: list_after(after_id, page_size)
-- A page of events after this position (0 for the first), only as far as nothing earlier can still come.
select
    user_id,
    id,
    job_id,
    attempt,
    before,
    after,
    happened_at,
    began_at,
    held_by,
    actor,
    error_class,
    reason
from work.events
where id > :after_id
    and made_in < pg_snapshot_xmin(pg_current_snapshot())
order by id
limit (select :page_size::bigint);
