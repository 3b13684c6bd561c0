insert into media.usages (user_id, daily_requests)
select
    id,
    2
from identity.users
where email = 'ada@example.com';
