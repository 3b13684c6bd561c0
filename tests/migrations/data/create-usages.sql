insert into work.usages (user_id, active_jobs, daily_jobs)
select
    id,
    2,
    2
from identity.users
where email = 'ada@example.com';
