set local role renderstore_owner;

drop function work.check_administrator();
drop function work.acting_worker();
drop function work.acting_owner(uuid);
