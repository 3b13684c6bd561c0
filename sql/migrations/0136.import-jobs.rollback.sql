set local role renderstore_owner;

drop function work.import_jobs(work.job_kind, jsonb);
