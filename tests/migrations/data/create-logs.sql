insert into work.logs (user_id, job_id, position, attempt, chunk)
select
    user_id,
    id,
    0,
    1,
    'aerender version 25'
from work.jobs
where idempotency_key = 'first';
