set local role renderstore_owner;

drop function work.validate(bigint, work.job_kind[], interval);
drop function work.claim(bigint, work.job_kind[], interval);
