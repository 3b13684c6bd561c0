set local role renderstore_owner;

drop trigger users_end_access on identity.users;
drop function identity.end_access();
drop function identity.sweep(bigint);
