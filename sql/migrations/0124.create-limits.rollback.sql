-- Loses the rate limits, and what users used of them.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'ops.clear_rate_limits';
drop function ops.clear_rate_limits(bigint);
drop table ops.rate_limits;
drop domain ops.twelve_counts;
drop table ops.limits;
