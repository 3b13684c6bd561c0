-- Loses every user.

set local role renderstore_owner;

drop table identity.users;
drop function identity.lower_email();
drop type identity.user_status;
drop type identity.user_role;
