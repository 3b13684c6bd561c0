set local role renderstore_owner;

drop function work.mend();
drop function work.problems();
drop function work.lacks_specification(uuid, uuid, work.job_kind);
