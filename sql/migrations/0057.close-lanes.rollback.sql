-- Loses the part of the sweep that closes lanes; the migration writes it again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'work.close_idle_lanes';
drop function work.close_idle_lanes(bigint);
drop function work.close_lanes(bigint, interval);
