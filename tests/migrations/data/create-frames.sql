insert into studio.frames (
    user_id,
    project_id,
    animation_id,
    position,
    duration_ms,
    asset_id
)
select
    animations.user_id,
    animations.project_id,
    animations.id,
    1,
    40,
    assets.id
from studio.animations
join studio.assets on assets.user_id = animations.user_id;
