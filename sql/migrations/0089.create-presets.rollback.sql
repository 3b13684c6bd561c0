-- Loses all presets.

set local role renderstore_owner;

drop function studio.set_default_preset(uuid, uuid);
drop view studio.preset_choices;
drop table studio.presets;
drop table studio.standard_presets;
