insert into render.outputs (user_id, job_id, attempt, path, size_bytes, media_type)
select
    user_id,
    id,
    1,
    '/renders/spot.mov',
    1024,
    'video/quicktime'
from work.jobs
where idempotency_key = 'first';
