-- Loses the sweep's part; the migration writes it again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'studio.purge_projects';
drop function studio.purge_projects(bigint);
