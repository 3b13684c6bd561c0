insert into media.download_files (
    user_id,
    job_id,
    position,
    video_id,
    state,
    path,
    kept_at
)
select
    user_id,
    id,
    1,
    'a',
    'kept',
    user_id || '/a.mp4',
    now()
from work.jobs
where idempotency_key = 'first';
