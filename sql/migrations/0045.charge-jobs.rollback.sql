set local role renderstore_owner;

drop function work.count_active(uuid);
drop function work.charge_jobs(uuid, bigint, integer, boolean);
drop function work.check_plan_priority(text, integer, integer);
