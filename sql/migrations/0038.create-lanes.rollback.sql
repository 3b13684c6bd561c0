-- Loses the lanes.

set local role renderstore_owner;

drop table work.worker_lanes;
drop table work.lanes;
