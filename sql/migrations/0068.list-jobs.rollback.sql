set local role renderstore_owner;

drop function work.list_held_jobs(text);
drop function work.list_own_jobs(work.job_status, work.job_kind, uuid, bigint);
