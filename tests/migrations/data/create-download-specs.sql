insert into media.download_specs (user_id, job_id, playlist_url)
select
    user_id,
    id,
    'https://example.org/list'
from work.jobs
where idempotency_key = 'first';
