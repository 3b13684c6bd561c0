set local role renderstore_owner;

drop view authjs.verification_token;
drop view authjs.accounts;
drop function authjs.delete_account();
drop function authjs.insert_account();
drop view authjs.sessions;
