-- Loses all animations.

set local role renderstore_owner;

drop table studio.animations;
drop function studio.follow_character();
drop type studio.playback;
