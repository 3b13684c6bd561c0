insert into identity.verification_tokens (identifier, token, expires_at)
values ('ada@example.com', 'as Auth.js wrote it', now() + interval '1 day');
