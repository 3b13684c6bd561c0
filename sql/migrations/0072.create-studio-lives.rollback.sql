-- Loses the table of transitions; the migration writes it again.

set local role renderstore_owner;

drop function studio.may_become(studio.asset_state, studio.asset_state);
drop function studio.may_become(studio.scene_status, studio.scene_status);
drop function studio.may_become(studio.project_status, studio.project_status);
drop table studio.transitions;
drop type studio.asset_state;
drop type studio.scene_status;
drop type studio.project_status;
