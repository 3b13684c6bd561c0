-- Loses the sweep's part and its duty; the migration writes them again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'studio.sweep_assets';
drop function studio.sweep_assets(bigint);
drop function studio.hold_farms_use(uuid);
delete from work.duties
where name = 'sweep the studio';
