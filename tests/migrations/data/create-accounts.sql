insert into identity.accounts (user_id, type, provider, provider_account_id)
select id, 'oauth', 'google', '4711' from identity.users where email = 'ada@example.com';
insert into identity.account_secrets (account_id, access_token)
select id, 'access' from identity.accounts where provider_account_id = '4711';
