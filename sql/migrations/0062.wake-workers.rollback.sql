set local role renderstore_owner;

drop function work.wake_waiting();
drop trigger lanes_wake on work.lanes;
drop function work.wake_for_lane();
drop trigger ready_wake_for_moved on work.ready;
drop trigger ready_wake on work.ready;
drop function work.wake_for_ready();
drop function work.wake(work.job_kind, text[], bigint);
