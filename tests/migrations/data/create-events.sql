insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
select
    user_id,
    id,
    0,
    'queued',
    'cancelled',
    'user:ada',
    'Not needed.'
from work.jobs
where idempotency_key = 'first';
