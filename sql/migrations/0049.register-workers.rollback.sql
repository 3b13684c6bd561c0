set local role renderstore_owner;

drop function work.register(work.job_kind[], text[], text);
