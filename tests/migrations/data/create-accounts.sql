insert into identity.accounts (user_id, type, provider, provider_account_id)
select id, 'oauth', 'google', '4711' from identity.users where email = 'ada@example.com';
