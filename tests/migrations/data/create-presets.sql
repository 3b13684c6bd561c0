insert into studio.presets (user_id, kind, name, settings, is_default)
select
    id,
    'image',
    'Foxes',
    '{"style": "watercolour"}',
    true
from identity.users
where email = 'ada@example.com';
