-- Why jobs do not move: silent workers and what they hold, what waits for a sweep, lanes that nobody takes from. In the
-- order of an index, and with a limit: behind a policy the planner takes a status for a sixth of the table.
\ir jobs.psql
\if :sees_jobs
    \echo 'Workers that were not heard of for two minutes and have not said that they stop:'
    with held as materialized (
        select
            held_by,
            count(*) as jobs,
            min(lease_expires_at) as first_lease
        from (
            (select held_by, lease_expires_at from work.jobs where status = 'running' order by status, id limit 10000)
            union all
            (select held_by, lease_expires_at from work.jobs where status = 'validating' order by status, id limit 10000)
        ) as jobs
        group by held_by
    )

    select
        workers.name as worker,
        date_trunc('seconds', now() - workers.seen_at) as silent_for,
        coalesce(held.jobs, 0) as holds,
        date_trunc('seconds', held.first_lease - now()) as first_lease_ends_in,
        workers.kinds,
        workers.labels
    from work.workers
    left join held on held.held_by = workers.name
    where workers.stopped_at is null
        and workers.seen_at < now() - interval '2 minutes'
    order by coalesce(held.jobs, 0) desc, workers.seen_at desc, workers.name
    limit 50;
    \echo 'What the next sweep does (a worker that lives does one every few seconds):'
    select
        waiting.what,
        waiting.jobs
    from (
        values
        (1, 'running, with a lease that is over', (select count(*) from (select lease_expires_at from work.jobs where status = 'running' order by status, id limit 10000) as held where lease_expires_at < now())),
        (2, 'validating, with a lease that is over', (select count(*) from (select lease_expires_at from work.jobs where status = 'validating' order by status, id limit 10000) as held where lease_expires_at < now())),
        (3, 'pending, though due', (select count(*) from (select from work.jobs where status = 'pending' and due_at < now() limit 100000) as due))
    ) as waiting (place, what, jobs)
    where waiting.jobs > 0
    order by waiting.place;
    \echo 'Lines from which no worker takes that was heard of in the last two minutes:'
    select
        lanes.kind,
        lanes.labels,
        lanes.priority,
        lanes.is_paused,
        waiting.jobs as jobs_up_to_1000
    from work.lanes
    cross join lateral (
        select count(*) as jobs
        from (
            select
            from work.ready
            where ready.lane_id = lanes.id
            order by ready.lane_id, ready.turn, ready.job_id
            limit 1000
        ) as few
    ) as waiting
    where waiting.jobs > 0
        and (
            lanes.is_paused
            or not exists (
                select
                from work.worker_lanes
                join work.workers on workers.name = worker_lanes.worker
                where worker_lanes.lane_id = lanes.id
                    and workers.stopped_at is null
                    and workers.seen_at >= now() - interval '2 minutes'
            )
        )
    order by lanes.kind, lanes.labels, lanes.priority desc, lanes.id
    limit 50;
\endif
\unset sees_jobs
