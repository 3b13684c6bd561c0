insert into studio.job_assets (user_id, job_id, asset_id, use)
select
    jobs.user_id,
    jobs.id,
    assets.id,
    'input'
from work.jobs
join studio.assets on assets.user_id = jobs.user_id
where jobs.idempotency_key = 'first';
