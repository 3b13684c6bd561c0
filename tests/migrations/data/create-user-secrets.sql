insert into identity.user_secrets (user_id)
select id from identity.users where email = 'ada@example.com';
