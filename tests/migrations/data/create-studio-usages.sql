insert into studio.usages (user_id, is_farms, living_projects, stored_bytes)
select
    id,
    false,
    1,
    1024
from identity.users
where email = 'ada@example.com';
