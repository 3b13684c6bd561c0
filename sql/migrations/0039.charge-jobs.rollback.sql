set local role renderstore_owner;

drop trigger jobs_check_priority on work.jobs;
drop function work.check_priority();
drop function work.charge_jobs(uuid, bigint, smallint, boolean);
