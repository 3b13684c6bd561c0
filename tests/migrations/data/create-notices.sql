insert into ops.notices (user_id, topic, body)
select
    id,
    'request_available',
    '{"title": "The fox"}'
from identity.users
where email = 'ada@example.com';
