insert into studio.presets (user_id, kind, name)
select
    id,
    'image',
    'Mine'
from identity.users
where email = 'ada@example.com';
