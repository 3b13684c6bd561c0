-- Loses which parts the sweep has in work; the migration writes them again.

set local role renderstore_owner;

drop function work.sweep(bigint);
delete from ops.sweep_parts
where function_name like 'work.%';
drop function work.show_lanes(bigint);
drop function work.mend_pauses(bigint);
drop function work.lift_stragglers(bigint);
drop function work.is_at_rest(uuid, uuid);
drop function work.look_again(bigint);
drop function work.cancel_deactivated(bigint);
drop function work.cancel_late(bigint);
drop function work.ask_to_cancel(uuid[], uuid[], text);
drop function work.release_due(bigint);
drop function work.expire_leases(bigint);
drop function work.carry_reports(bigint);
