insert into studio.assets (
    user_id,
    project_id,
    kind,
    state,
    uri,
    size_bytes,
    width,
    height,
    kept_at
)
select
    user_id,
    id,
    'image',
    'kept',
    user_id || '/fox.png',
    1024,
    64,
    64,
    now()
from studio.projects;
