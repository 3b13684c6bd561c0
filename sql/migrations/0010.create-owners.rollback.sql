-- Loses when each user came to this node, who moves, and which farm this is.

set local role renderstore_owner;

drop table ops.moves;
drop trigger users_end_owner on identity.users;
drop trigger users_admit_owner on identity.users;
drop function identity.end_erased_owner();
drop function identity.end_owner(uuid);
drop function identity.admit_owner();
drop table identity.owners;
drop table ops.here;
