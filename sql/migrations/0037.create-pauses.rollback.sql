-- Loses which pauses are in force; lanes stay as they are.

set local role renderstore_owner;

drop trigger pauses_pause_lanes on work.pauses;
drop function work.pause_lanes();
drop function work.is_lane_paused(text[]);
drop table work.pauses;
