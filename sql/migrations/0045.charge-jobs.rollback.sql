set local role renderstore_owner;

drop function work.count_active(uuid);
drop function work.charge_jobs(uuid, bigint, integer, boolean);
drop function work.check_plan_priority(text, integer, integer);
drop function ops.check_limit(text, text, text, bigint, bigint, bigint);
drop function work.check_active(identity.user_status);
