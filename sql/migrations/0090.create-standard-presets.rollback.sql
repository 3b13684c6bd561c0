-- Loses what administrators changed of the standard presets; the migration writes them again.

set local role renderstore_owner;

drop view studio.preset_choices;
drop table studio.standard_presets;
