insert into work.dependencies (user_id, job_id, needs_job_id)
select
    second.user_id,
    second.id,
    first.id
from work.jobs as first
join work.jobs as second on second.user_id = first.user_id and second.id > first.id
where first.idempotency_key in ('first', 'second');
