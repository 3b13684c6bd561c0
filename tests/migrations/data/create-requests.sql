insert into media.requests (user_id, title, media_type, tmdb_id, season)
select
    id,
    'The fox',
    'tv',
    7,
    1
from identity.users
where email = 'ada@example.com';
