set local role renderstore_owner;

drop function work.clear_ended_jobs(bigint);
drop function ops.first_uuidv7(timestamptz);
