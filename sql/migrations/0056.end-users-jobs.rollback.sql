set local role renderstore_owner;

drop function work.cancel_deactivated(bigint);
