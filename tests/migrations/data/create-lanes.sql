insert into work.lanes (kind, labels, priority)
values ('render', '{gpu}', 5);
insert into work.worker_lanes (worker, lane_id)
select
    'mac-studio-1',
    lanes.id
from work.lanes;
