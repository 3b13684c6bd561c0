insert into work.jobs (user_id, kind, labels, idempotency_key)
select
    users.id,
    'render',
    asked.labels,
    asked.key
from identity.users
cross join (values (array['gpu'], 'first'), ('{}', 'second')) as asked (labels, key)
where users.email = 'ada@example.com';
