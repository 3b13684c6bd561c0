insert into studio.tags (
    user_id,
    project_id,
    animation_id,
    name,
    first_position,
    last_position
)
select
    user_id,
    project_id,
    id,
    'idle',
    1,
    1
from studio.animations;
