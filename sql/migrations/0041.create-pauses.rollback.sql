-- Loses the pauses.

set local role renderstore_owner;

drop function work.is_lane_paused(text[]);
drop table work.user_pauses;
drop table work.pauses;
