insert into work.turns (user_id, lane_id, is_farms, next_turn)
select
    jobs.user_id,
    lanes.id,
    who.is_farms,
    1000
from work.jobs
cross join work.lanes
cross join (values (false), (true)) as who (is_farms)
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
insert into work.arrivals (user_id, job_id)
select
    user_id,
    id
from work.jobs
where idempotency_key = 'second';
