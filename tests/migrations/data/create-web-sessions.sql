insert into identity.web_sessions (user_id, session_token, expires_at)
select id, 'as Auth.js wrote it', now() + interval '1 day'
from identity.users
where email = 'ada@example.com';
