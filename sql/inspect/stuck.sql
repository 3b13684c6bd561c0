-- Why jobs do not move: silent workers and what they hold, then a row a cause with the job that it holds up longest. In the
-- order of an index, and with a limit: behind a policy the planner takes a status for a sixth of the table.
\ir jobs.psql
\if :sees_farm
    \echo 'Workers not heard of for two minutes that have not said that they stop:'
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
        case when length(workers.name) > 38 then left(workers.name, 37) || '…' else workers.name end as worker,
        regexp_replace(date_trunc('seconds', now() - workers.seen_at)::text, ' days?', 'd') as silent_for,
        coalesce(held.jobs, 0) as holds,
        regexp_replace(date_trunc('seconds', held.first_lease - now())::text, ' days?', 'd') as lease_ends_in
    from work.workers
    left join held on held.held_by = workers.name
    where workers.stopped_at is null
        and workers.seen_at < now() - interval '2 minutes'
    order by coalesce(held.jobs, 0) desc, workers.seen_at desc, workers.name
    limit 20;
    \ir empty.psql
    \if :is_empty
        \echo 'None.'
    \endif
    \unset is_empty
    \echo 'What does not move, and why (such as the oldest):'
    with running as materialized (
        select
            user_id,
            id,
            lease_expires_at < now() as is_over,
            cancel_requested_at < now() - interval '1 minute' as is_cancelled,
            started_at < now() - interval '10 minutes' - 3 * estimated_s * interval '1 second' as is_late
        from work.jobs
        where status = 'running'
        order by status, id
        limit 10000
    ),

    waiting as (
        select
            lanes.kind,
            lanes.labels,
            lanes.priority,
            lanes.is_paused,
            line.jobs,
            line.job_id,
            line.user_id,
            pause.label,
            pause.paused_by,
            pause.reason,
            takers.known,
            takers.alive
        from work.lanes
        cross join lateral (
            select
                count(*) as jobs,
                (array_agg(few.job_id))[1] as job_id,
                (array_agg(few.user_id))[1] as user_id
            from (
                select
                    job_id,
                    user_id
                from work.ready
                where ready.lane_id = lanes.id
                order by ready.lane_id, ready.turn, ready.job_id
                limit 10000
            ) as few
        ) as line
        cross join lateral (
            select
                count(*) as known,
                count(*) filter (where workers.stopped_at is null and workers.seen_at >= now() - interval '2 minutes') as alive
            from work.worker_lanes
            join work.workers on workers.name = worker_lanes.worker
            where worker_lanes.lane_id = lanes.id
        ) as takers
        left join lateral (
            select
                label,
                paused_by,
                reason
            from work.pauses
            where lanes.is_paused and (pauses.label = '' or pauses.label = any(lanes.labels))
            order by label
            limit 1
        ) as pause on true
        where line.jobs > 0 and (lanes.is_paused or takers.alive = 0)
    ),

    causes (place, why, jobs, user_id, id) as (
        select
            1,
            'running, with a lease that is over: nobody sweeps',
            count(*),
            (array_agg(user_id order by id))[1],
            (array_agg(id order by id))[1]
        from running
        where is_over
        union all
        select
            2,
            'validating, with a lease that is over: nobody sweeps',
            count(*),
            (array_agg(user_id order by id))[1],
            (array_agg(id order by id))[1]
        from (select user_id, id, lease_expires_at from work.jobs where status = 'validating' order by status, id limit 10000) as held
        where lease_expires_at < now()
        union all
        select
            3,
            'pending, though due: nobody sweeps',
            count(*),
            (array_agg(user_id order by due_at, id))[1],
            (array_agg(id order by due_at, id))[1]
        from (select user_id, id, due_at, needs_left, is_unchecked from work.jobs where status = 'pending' and due_at < now() - interval '10 seconds' order by due_at limit 10000) as due
        where needs_left = 0 and not is_unchecked
        union all
        select
            4,
            'reported by its worker, and noted: somebody has its row locked (:locks, :running), or nobody sweeps',
            count(*),
            (array_agg(user_id order by reported_at, job_id))[1],
            (array_agg(job_id order by reported_at, job_id))[1]
        from (select user_id, job_id, reported_at from work.reports where reported_at < now() - interval '1 minute' limit 10000) as noted
        union all
        select
            5,
            'queued, in no lane yet: no worker claims and nobody sweeps',
            count(*),
            (array_agg(user_id order by id))[1],
            (array_agg(id order by id))[1]
        from (select user_id, job_id from work.arrivals order by user_id, job_id limit 10000) as arrivals
        cross join lateral (
            select id
            from work.jobs
            where jobs.user_id = arrivals.user_id and jobs.id = arrivals.job_id and jobs.queued_at < now() - interval '1 minute'
            limit 1
        ) as arrived
        union all
        select
            6,
            'running, though it was cancelled more than a minute ago: its worker does not stop',
            count(*),
            (array_agg(user_id order by id))[1],
            (array_agg(id order by id))[1]
        from running
        where is_cancelled
        union all
        select
            7,
            'running, more than three times as long as was estimated',
            count(*),
            (array_agg(user_id order by id))[1],
            (array_agg(id order by id))[1]
        from running
        where is_late
        union all
        select
            8,
            format('pending: a job that it needs has %s, and it waits until that is tried again', stopped.status),
            count(*),
            (array_agg(behind.user_id order by behind.id))[1],
            (array_agg(behind.id order by behind.id))[1]
        -- The oldest ones: what waits for nothing but its time has gone from among them.
        from (select user_id, id, needs_left from work.jobs where status = 'pending' order by status, id limit 2000) as behind
        cross join lateral (
            select case needed.status when 'cancelled' then 'been cancelled' else needed.status::text end as status
            from work.dependencies
            cross join lateral (
                select status
                from work.jobs
                where jobs.user_id = dependencies.user_id and jobs.id = dependencies.needs_job_id
                limit 1
            ) as needed
            where dependencies.user_id = behind.user_id
                and dependencies.job_id = behind.id
                and needed.status = any('{failed,cancelled}'::work.job_status[])
            limit 1
        ) as stopped
        where behind.needs_left > 0
        group by stopped.status
        union all
        select
            9,
            format('pending for more than five minutes: no worker has looked at this %s first (work.validate)', kinds.kind),
            count(*),
            (array_agg(unchecked.user_id order by unchecked.id))[1],
            (array_agg(unchecked.id order by unchecked.id))[1]
        from unnest(enum_range(null::work.job_kind)) as kinds (kind)
        cross join lateral (
            select
                user_id,
                id,
                queued_at,
                due_at,
                needs_left
            from work.jobs
            where kind = kinds.kind and status = 'pending' and is_unchecked
            order by kind, id
            limit 10000
        ) as unchecked
        where unchecked.queued_at < now() - interval '5 minutes' and unchecked.needs_left = 0
        group by kinds.kind
        union all
        select
            10,
            format('queued: its user was paused by %s%s', pause.paused_by, ': ' || pause.reason),
            theirs.jobs,
            pause.user_id,
            theirs.id
        from (select user_id, paused_by, reason from work.user_pauses order by user_id limit 1000) as pause
        cross join lateral (
            select
                count(*) as jobs,
                (array_agg(few.id order by few.id))[1] as id
            from (select id from work.jobs where user_id = pause.user_id and status = 'queued' order by user_id, status, id limit 10000) as few
        ) as theirs
        union all
        select
            11,
            format(
                'queued for %s, priority %s: %s',
                kind || coalesce(' {' || left(nullif(array_to_string(labels, ', '), ''), 80) || '}', ''),
                priority,
                case
                    when is_paused
                        then coalesce(
                            format('%s is paused by %s%s', coalesce(nullif('the label ' || left(label, 60), 'the label '), 'the whole farm'), paused_by, ': ' || reason),
                            'its lane is paused, by no pause: select * from work.problems()'
                        )
                    when known = 0 then 'no worker offers this'
                    else format('the %s that offer%s this %s silent or stopped', case known when 1 then 'worker' else known || ' workers' end, case known when 1 then 's' else '' end, case known when 1 then 'is' else 'are' end)
                end
            ),
            jobs,
            user_id,
            job_id
        from waiting
    )

    select
        causes.jobs || case when causes.jobs = case causes.place when 8 then 2000 else 10000 end then '+' else '' end as jobs,
        rtrim(
            regexp_replace(
                left(regexp_replace(causes.why, '\S{60}(?=\S)', '\& ', 'g'), 250),
                '\s*(.{1,65})(\s+|$)',
                E'\\1\n',
                'g'
            ),
            E'\n'
        )
        || format(
            E'\nsuch as %s of %s',
            causes.id,
            case when length(users.email) > 18 then left(users.email, 17) || '…' else users.email end
        ) as why
    from causes
    left join identity.users on users.id = causes.user_id
    where causes.jobs > 0
    order by causes.place, causes.jobs desc, causes.why
    limit 50;
    \ir empty.psql
    \if :is_empty
        \echo 'Nothing is stuck.'
    \endif
    \unset is_empty
\endif
\unset sees_jobs
\unset sees_farm
