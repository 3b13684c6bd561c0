-- Loses for how long things are kept.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'ops.clear_service_spans';
drop function ops.clear_service_spans(bigint);
drop table ops.retentions;
