insert into ops.imported (kind, source, old_id, table_name, row_key, changes)
select
    'render-manager',
    'User',
    'cljk3v2a10000',
    'identity.users',
    id::text,
    '{"email: written in lower case"}'
from identity.users
where email = 'ada@example.com';
insert into ops.import_refusals (kind, source, old_id, reason, old_row)
values (
    'render-manager',
    'Job',
    'cljk3v2a10001',
    'Its user did not come.',
    '{"id": "cljk3v2a10001"}'
);
