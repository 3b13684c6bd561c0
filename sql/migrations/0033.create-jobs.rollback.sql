-- Loses every job.

set local role renderstore_owner;

drop table work.jobs;
