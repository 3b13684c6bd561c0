set local role renderstore_owner;

drop function work.cancel_waiting(uuid[], uuid[], text, boolean);
drop function work.renew(uuid[], uuid[], boolean, bigint);
drop function work.settle(uuid[], uuid[], boolean, bigint);
drop function work.refresh(uuid[], uuid[], boolean);
drop function work.is_lost(uuid, uuid);
drop function work.count_needs(uuid, uuid);
drop function work.end_channel(uuid);
