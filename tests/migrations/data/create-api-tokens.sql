insert into identity.api_tokens (user_id, for_user_id, name, prefix, token_hash, roles)
select id, id, 'plugin', 'rs_01234567', sha256('another secret'), '{user}'
from identity.users
where email = 'ada@example.com';
