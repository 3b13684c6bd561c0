-- Loses all presets of users.

set local role renderstore_owner;

drop table studio.presets;
drop type studio.preset_kind;
