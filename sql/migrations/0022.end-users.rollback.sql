set local role renderstore_owner;

drop trigger users_end_deactivated on identity.users;
drop function identity.end_deactivated_users();
