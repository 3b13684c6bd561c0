-- Loses which parts the sweep has; the migrations write them again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'identity.sweep_all';
drop function identity.sweep_all(bigint);
drop function ops.sweep(bigint, boolean);
drop table ops.sweep_parts;
