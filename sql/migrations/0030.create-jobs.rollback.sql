-- Loses every job.

set local role renderstore_owner;

drop table work.jobs;
drop function work.is_whole(
    work.job_status,
    text,
    timestamptz,
    timestamptz,
    text
);
