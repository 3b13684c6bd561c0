insert into identity.session_tokens (user_id, token_hash, expires_at)
select id, sha256('secret'), now() + interval '1 day'
from identity.users
where email = 'ada@example.com';
