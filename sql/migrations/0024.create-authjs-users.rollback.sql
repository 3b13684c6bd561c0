set local role renderstore_owner;

drop view authjs.users;
drop function authjs.update_user();
drop function authjs.insert_user();
drop index identity.users_living_email_idx;
