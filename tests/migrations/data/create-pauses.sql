insert into work.pauses (label, reason)
values ('gpu', 'A new driver.');
insert into work.user_pauses (user_id, reason)
select
    id,
    'Too many mistakes.'
from identity.users
where email = 'ada@example.com';
