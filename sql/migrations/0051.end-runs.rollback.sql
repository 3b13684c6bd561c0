set local role renderstore_owner;

drop function work.end_run(work.jobs, work.outcome, text, text, bigint, text);
drop function work.status_after(work.jobs, work.outcome, text);
