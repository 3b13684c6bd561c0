-- No commit leaves such a row; one that a crash of the trigger left must stop nothing.
set session_replication_role = replica;
insert into work.unspecified (user_id, job_id, kind)
select
    user_id,
    id,
    kind
from work.jobs
where idempotency_key = 'first';
set session_replication_role = origin;
