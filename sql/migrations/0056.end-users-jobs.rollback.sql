set local role renderstore_owner;

drop trigger users_cancel_jobs on identity.users;
drop function work.cancel_deactivated_users_jobs();
