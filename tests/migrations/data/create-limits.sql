insert into ops.limits (endpoint, max_requests, window_s)
values ('render.submit', 10, 60);
insert into ops.rate_limits (user_id, endpoint, window_s, slot, used, earlier, idle_at)
select
    id,
    'render.submit',
    60,
    1,
    1,
    array_fill(0, array[12]),
    now()
from identity.users
where email = 'ada@example.com';
