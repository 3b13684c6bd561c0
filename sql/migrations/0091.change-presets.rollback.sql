-- Loses the sweep's part; the migration writes it again.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'studio.purge_presets';
drop function studio.purge_presets(bigint);
drop function studio.restore_preset(uuid, uuid);
drop function studio.delete_preset(uuid, uuid);
drop function studio.set_default_preset(uuid, uuid);
drop function studio.create_preset(studio.preset_kind, text, jsonb, boolean, uuid);
drop function studio.clear_default_preset(studio.preset_kind, uuid);
drop function studio.lock_preset(uuid, uuid);
drop function studio.lock_presets(uuid, studio.preset_kind);
