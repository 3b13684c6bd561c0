-- Loses what users use of the studio; it is counted anew.

set local role renderstore_owner;

drop function studio.note_farms_use(uuid, bigint, bigint);
drop function studio.charge(uuid, bigint, bigint, bigint);
drop function studio.lock_owner(uuid);
drop table studio.usages;
