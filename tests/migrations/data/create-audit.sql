insert into audit.entries (user_id, table_name, row_key, operation)
select
    id,
    'identity.users',
    id::text,
    'update'
from identity.users
where email = 'ada@example.com';
