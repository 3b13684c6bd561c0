insert into work.leftovers (user_id, job_id)
select
    user_id,
    id
from work.jobs
where idempotency_key = 'first';
insert into work.reports (user_id, job_id, attempt, held_by, outcome, exit_code)
select
    user_id,
    id,
    1,
    'mac-studio-1',
    'completed',
    0
from work.jobs
where idempotency_key = 'first';
