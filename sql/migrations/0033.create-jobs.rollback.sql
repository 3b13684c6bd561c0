-- Loses every job.

set local role renderstore_owner;

drop table work.jobs;
drop function work.is_whole(
    work.job_status,
    text,
    timestamp with time zone,
    timestamp with time zone,
    text
);
