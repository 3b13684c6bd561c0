-- Loses who asked to be told of a job's end: they ask again, or poll.

set local role renderstore_owner;

drop trigger jobs_announce_deletion on work.jobs;
drop trigger jobs_announce_end on work.jobs;
drop function work.announce_end();
drop function work.end_channel(uuid);
alter table work.jobs drop column is_watched;
