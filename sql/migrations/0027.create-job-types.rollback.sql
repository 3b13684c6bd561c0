-- Loses what each transition of a job is for; the migration writes it again.

set local role renderstore_owner;

drop function work.may_become(work.job_status, work.job_status);
drop table work.transitions;
drop type work.job_status;
drop type work.job_kind;
