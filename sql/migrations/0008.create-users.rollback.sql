-- Loses every user and farm.

set local role renderstore_owner;

drop table identity.users;
drop function identity.lower_email();
drop type identity.user_status;
drop type identity.user_role;
drop table ops.farms;
