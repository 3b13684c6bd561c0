insert into studio.step_specs (user_id, job_id, step)
select
    user_id,
    id,
    'image'
from work.jobs
where idempotency_key = 'first';
