-- Loses the part of the sweep that clears; the migration writes it again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'work.clear_ended_jobs';
drop function work.clear_ended_jobs(bigint);
drop function work.clear_ended_jobs_of(uuid, timestamp with time zone, bigint);
drop function ops.first_uuidv7(timestamp with time zone);
