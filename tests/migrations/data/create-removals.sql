insert into ops.removals (user_id, uri, reason)
select
    id,
    id || '/gone.png',
    'deleted'
from identity.users
where email = 'ada@example.com';
