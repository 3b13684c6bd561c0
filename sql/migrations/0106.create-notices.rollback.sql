-- Loses what users should hear of, and what was delivered.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'ops.clear_notices';
drop function ops.clear_notices(bigint);
drop function ops.read_notices(uuid[], uuid);
drop table ops.notices;
