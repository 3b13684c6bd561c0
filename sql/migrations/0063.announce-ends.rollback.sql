-- Whoever waits for a job's end polls.

set local role renderstore_owner;

drop trigger jobs_announce_deletion on work.jobs;
drop function work.announce_deletion();
drop function work.end_channel(uuid);
