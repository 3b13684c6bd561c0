insert into work.usages (user_id)
select users.id
from identity.users
where users.email = 'ada@example.com';
