insert into studio.animations (user_id, character_id, name)
select
    user_id,
    id,
    'Walk'
from studio.characters;
