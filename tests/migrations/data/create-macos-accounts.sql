insert into identity.macos_accounts (user_id, name)
select id, 'ada' from identity.users where email = 'ada@example.com';
