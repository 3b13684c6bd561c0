insert into work.lanes (kind, labels, priority)
values ('render', '{gpu}', 5);
insert into work.turns (user_id, lane_id, next_turn)
select
    jobs.user_id,
    lanes.id,
    1000
from work.jobs
cross join work.lanes
where jobs.idempotency_key = 'first';
insert into work.ready (lane_id, turn, job_id, user_id)
select
    lanes.id,
    0,
    jobs.id,
    jobs.user_id
from work.jobs
cross join work.lanes
where jobs.idempotency_key = 'first';
insert into work.leftovers (user_id, job_id)
select user_id, id
from work.jobs
where idempotency_key = 'first';
