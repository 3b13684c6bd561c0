update identity.plans
set max_open_requests = 3
where id = 'free';
