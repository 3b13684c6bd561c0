insert into studio.projects (user_id, title, source_text)
select
    id,
    'The fox',
    'A fox walks through the snow.'
from identity.users
where email = 'ada@example.com';
