-- Loses who waits.

set local role renderstore_owner;

drop function work.refuse_unregistered(text);
drop function work.wake_waiting();
drop function work.stop_waiting();
drop function work.await_jobs(work.job_kind[], interval);
drop function work.wake(work.job_kind, text[], bigint);
drop function work.wake_channel(text);
drop table work.waits;
