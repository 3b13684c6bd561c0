-- Loses what each user has used today.

set local role renderstore_owner;

drop trigger users_count_new on identity.users;
drop function work.count_new_users();
drop table work.usages;
