-- Loses all scenes.

set local role renderstore_owner;

drop table studio.scenes;
drop function studio.guard_scene();
