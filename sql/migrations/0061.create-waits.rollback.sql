-- Loses which workers wait: they find jobs by polling until they wait anew.

set local role renderstore_owner;

drop function work.stop_waiting();
drop function work.await_jobs(text[], work.job_kind[], interval);
drop function work.wake_channel(text);
drop table work.waits;
