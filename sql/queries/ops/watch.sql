-- How the farm stands at this moment, for whoever is on call. For readers. Each query reads a bounded part of the farm, however long the line is:
-- a status at a time and in the order of an index, since behind a policy the planner takes a status for a sixth of the table.
-- A heartbeat that met a locked row stands in work.reports, and holds its job as well. What a paused user has queued stands in no lane.
-- The history has no index by time: the newest job of each status has one of the last transitions, what followed it is found in leaps, and so is where the hour begins.

-- name: count_farm()^
-- What waits, runs and came in the last ten minutes: pending and pauses up to 10,000, what came up to 3,000 a status; and how much of a line of 10,000 jobs or more is 300 pages.
-- row: Farm
-- null: read_at! pending! validating! running! came! is_more! oldest_queued_at? is_long! percent! paused_users! pauses!
with lately as materialized (
    select
        (
            lpad(
                to_hex(
                    (extract(epoch from now() - interval '10 minutes') * 1000)::bigint
                ),
                12,
                '0'
            )
            || '70008000000000000000'
        )::uuid as first_id
),

came as materialized (
    select
        sum(few.jobs)::bigint as jobs,
        bool_or(few.jobs = 3000) as is_more
    from (
        select
            (
                select count(*)
                from (
                    select
                    from work.jobs
                    where jobs.status = each.status
                        and jobs.id >= (
                            select lately.first_id
                            from lately
                        )
                    order by jobs.status, jobs.id
                    limit 3000
                ) as recent
            ) as jobs
        from unnest(enum_range(null::work.job_status)) as each (status)
    ) as few
),

line as materialized (
    select
        (
            select count(*)
            from (
                select
                from work.ready
                order by user_id, job_id
                limit 10000
            ) as few
        ) as ready,
        (
            select count(*)
            from (
                select
                from work.arrivals
                order by user_id, job_id
                limit 10000
            ) as few
        ) as arrived
)

select
    now() as read_at,
    (
        select count(*)
        from (
            select
            from work.jobs
            where status = 'pending'
            order by status, id
            limit 10000
        ) as few
    ) as pending,
    (
        select count(*)
        from (
            select
            from work.jobs
            where status = 'validating'
            order by status, id
            limit 10000
        ) as few
    ) as validating,
    (
        select count(*)
        from (
            select
            from work.jobs
            where status = 'running'
            order by status, id
            limit 10000
        ) as few
    ) as running,
    came.jobs as came,
    came.is_more,
    (
        select oldest.queued_at
        from (
            select
                user_id,
                id,
                queued_at
            from work.jobs
            where status = 'queued'
            order by status, id
            limit 1000
        ) as oldest
        where not exists (
            select
            from work.user_pauses
            where user_pauses.user_id = oldest.user_id
        )
        order by oldest.id
        limit 1
    ) as oldest_queued_at,
    greatest(line.ready, line.arrived) = 10000 as is_long,
    least(
        100,
        30000.0 * current_setting('block_size')::bigint
        / greatest(
            pg_relation_size('work.ready') + pg_relation_size('work.arrivals'),
            1
        )
    )::real as percent,
    (
        select count(*)
        from (
            select
            from work.user_pauses
            order by user_id
            limit 10000
        ) as few
    ) as paused_users,
    (
        select count(*)
        from (
            select
            from work.pauses
            order by label
            limit 10000
        ) as few
    ) as pauses
from came
cross join line;

-- name: list_workers(max_rows)
-- Workers, the worst first: silent ones that hold jobs, then those whose lease is over, that were stopped or are not registered and hold some, then those that fell silent in the last day; with how many there are of each.
-- row: WatchedWorker
-- null: name! seen_at? stopped_at? is_silent! holds! expired! progress? job_id? began_at? lease_expires_at? all_workers! all_fine! all_silent! all_silent_holding! all_stopped! all_expired!
with taken as materialized (
    (
        select
            user_id,
            id,
            held_by,
            progress,
            started_at,
            lease_expires_at
        from work.jobs
        where status = 'running'
        order by status, id
        limit 10000
    )
    union all
    (
        select
            user_id,
            id,
            held_by,
            progress,
            started_at,
            lease_expires_at
        from work.jobs
        where status = 'validating'
        order by status, id
        limit 10000
    )
),

held as materialized (
    select
        kept.held_by,
        count(*) as jobs,
        count(*) filter (where kept.lease_expires_at < now()) as expired,
        min(kept.lease_expires_at) as lease_expires_at,
        max(kept.progress) as progress,
        (array_agg(kept.id order by kept.progress desc, kept.id))[1] as job_id,
        min(kept.started_at) as began_at
    from (
        select
            taken.id,
            taken.held_by,
            taken.progress,
            taken.started_at,
            greatest(
                taken.lease_expires_at,
                case
                    when taken.lease_expires_at < now() then (
                        select reports.lease_expires_at
                        from work.reports
                        where reports.user_id = taken.user_id
                            and reports.job_id = taken.id
                    )
                end
            ) as lease_expires_at
        from taken
    ) as kept
    group by kept.held_by
),

known as (
    select
        coalesce(workers.name, held.held_by) as name,
        workers.seen_at,
        workers.stopped_at,
        coalesce(
            workers.stopped_at is null
            and workers.seen_at < now() - interval '2 minutes',
            false
        ) as is_silent,
        coalesce(held.jobs, 0) as holds,
        coalesce(held.expired, 0) as expired,
        held.progress,
        held.job_id,
        held.began_at,
        held.lease_expires_at
    from work.workers
    full join held on held.held_by = workers.name
)

select
    name,
    seen_at,
    stopped_at,
    is_silent,
    holds,
    expired,
    progress,
    job_id,
    began_at,
    lease_expires_at,
    count(*) over () as all_workers,
    count(*) filter (
        where stopped_at is null
            and seen_at is not null
            and not is_silent
            and expired = 0
    ) over () as all_fine,
    count(*) filter (where is_silent) over () as all_silent,
    count(*) filter (where is_silent and holds > 0) over () as all_silent_holding,
    count(*) filter (where stopped_at is not null) over () as all_stopped,
    (sum(expired) over ())::bigint as all_expired
from known
order by
    case
        when is_silent and holds > 0 then 1
        when expired > 0 or seen_at is null then 2
        when stopped_at is not null and holds > 0 then 2
        when is_silent and seen_at > now() - interval '1 day' then 3
        when holds > 0 then 4
        when stopped_at is null and not is_silent then 5
        when is_silent then 6
        else 7
    end,
    holds desc,
    seen_at desc,
    name
limit coalesce(:max_rows::bigint, 20);

-- name: list_users(is_long, percent, max_rows)
-- Who waits and who runs, the longest part of the line first, with how much there is of all. A long line is estimated, from so many percent of its pages.
-- row: WatchedUser
-- null: user_id! email? name? plan? share? waits! runs! is_paused! is_estimated! all_users! all_waits! all_runs!
with line as materialized (
    select
        few.user_id,
        count(*)::double precision as jobs
    from (
        (
            select user_id
            from work.ready
            where not :is_long::boolean
            order by user_id, job_id
            limit 10000
        )
        union all
        (
            select user_id
            from work.arrivals
            where not :is_long::boolean
            order by user_id, job_id
            limit 10000
        )
    ) as few
    group by few.user_id
    union all
    select
        ready.user_id,
        count(*) * 100 / :percent::double precision as jobs
    from work.ready tablesample system (:percent) repeatable (1)
    where :is_long::boolean
    group by ready.user_id
    union all
    select
        arrivals.user_id,
        count(*) * 100 / :percent::double precision as jobs
    from work.arrivals tablesample system (:percent) repeatable (1)
    where :is_long::boolean
    group by arrivals.user_id
),

running as materialized (
    select
        few.user_id,
        count(*) as jobs
    from (
        select user_id
        from work.jobs
        where status = 'running'
        order by status, id
        limit 10000
    ) as few
    group by few.user_id
),

paused as materialized (
    select
        few.user_id,
        (
            select count(*)
            from (
                select
                from work.jobs
                where jobs.user_id = few.user_id and jobs.status = 'queued'
                order by jobs.user_id, jobs.status, jobs.id
                limit 10000
            ) as queued
        ) as jobs
    from (
        select user_id
        from work.user_pauses
        order by user_id
        limit 100
    ) as few
),

summed as (
    select
        each.user_id,
        round(sum(each.waits))::bigint as waits,
        sum(each.runs)::bigint as runs,
        bool_or(each.is_paused) as is_paused
    from (
        select
            user_id,
            jobs as waits,
            0 as runs,
            false as is_paused
        from line
        union all
        select
            user_id,
            0 as waits,
            jobs as runs,
            false as is_paused
        from running
        union all
        select
            user_id,
            jobs as waits,
            0 as runs,
            true as is_paused
        from paused
    ) as each
    group by each.user_id
),

most as (
    select
        user_id,
        waits,
        runs,
        is_paused,
        count(*) over () as all_users,
        coalesce(
            sum(waits) filter (where not is_paused) over (),
            0
        )::bigint as all_waits,
        (sum(runs) over ())::bigint as all_runs
    from summed
    where waits > 0 or runs > 0
    order by waits desc, runs desc, user_id
    limit coalesce(:max_rows::bigint, 20)
)

select
    most.user_id,
    users.email,
    users.name,
    plans.name as plan,
    plans.share,
    most.waits,
    most.runs,
    most.is_paused,
    :is_long::boolean as is_estimated,
    most.all_users,
    most.all_waits,
    most.all_runs
from most
left join identity.users on users.id = most.user_id
left join identity.plans on plans.id = users.plan_id
order by most.waits desc, most.runs desc, most.user_id;

-- name: list_outcomes()
-- What became of jobs in the last hour, counted a minute and a class of failure, from since_at on: of the last 64,000 transitions. Classes beyond the twenty most frequent have none.
-- row: Outcomes
-- null: minutes_ago! after! error_class? is_retried! jobs! last_at! since_at!
with statuses as materialized (
    select unnest(enum_range(null::work.job_status)) as status
),

newest as materialized (
    select coalesce(max(event.id), 0) as id
    from statuses
    cross join lateral (
        select
            jobs.user_id,
            jobs.id
        from work.jobs
        where jobs.status = statuses.status
        order by jobs.status desc, jobs.id desc
        limit 1
    ) as job
    cross join lateral (
        select events.id
        from work.events
        where events.user_id = job.user_id and events.job_id = job.id
        order by events.user_id desc, events.job_id desc, events.id desc
        limit 1
    ) as event
),

leaps as materialized (
    select 1000 * (2 ^ leap)::bigint as wide
    from generate_series(0, 6) as leap
),

top as materialized (
    select
        newest.id + coalesce(
            (
                select min(leaps.wide)
                from leaps
                where (
                        select max(events.id)
                        from work.events
                        where events.id > newest.id + leaps.wide
                            and events.id <= newest.id + leaps.wide + 1000000000
                    ) is null
            ),
            64000
        ) as id
    from newest
),

probes as materialized (
    select
        leaps.wide,
        top.id,
        (
            select max(events.happened_at)
            from work.events
            where events.id > top.id - leaps.wide - 200
                and events.id <= top.id - leaps.wide
        ) as last_at
    from top
    cross join leaps
),

bottom as materialized (
    select
        max(id) as id,
        coalesce(
            min(wide) filter (where last_at < now() - interval '1 hour'),
            64000
        ) as wide,
        coalesce(
            bool_and(last_at >= now() - interval '1 hour') filter (where wide = 64000),
            false
        ) as is_cut
    from probes
),

lately as materialized (
    select
        date_bin('1 minute', happened_at, now()) as minute_at,
        after,
        error_class,
        count(*) as jobs,
        min(happened_at) as first_at,
        max(happened_at) as last_at
    from work.events
    where id > (
        select bottom.id - bottom.wide
        from bottom
    )
        and id <= (
            select bottom.id
            from bottom
        )
    group by minute_at, after, error_class
),

ended as materialized (
    select
        greatest(
            extract(epoch from now() - minute_at) / 60 - 1,
            0
        )::integer as minutes_ago,
        after,
        error_class,
        jobs,
        last_at
    from lately
    where minute_at >= now() - interval '1 hour'
        and (
            after = any('{completed,failed,cancelled}'::work.job_status[])
            or error_class is not null
        )
),

classes as materialized (
    select error_class
    from ended
    where error_class is not null
    group by error_class
    order by sum(jobs) desc, error_class
    limit 20
)

select
    ended.minutes_ago,
    ended.after,
    classes.error_class,
    coalesce(bool_and(error_classes.is_retried), true) as is_retried,
    sum(ended.jobs)::bigint as jobs,
    max(ended.last_at) as last_at,
    case
        when (
            select bottom.is_cut
            from bottom
        )
            then greatest(
                (
                    select min(lately.first_at)
                    from lately
                ),
                now() - interval '1 hour'
            )
        else now() - interval '1 hour'
    end as since_at
from ended
left join classes on classes.error_class = ended.error_class
left join work.error_classes on error_classes.name = classes.error_class
group by ended.minutes_ago, ended.after, classes.error_class
order by ended.minutes_ago, ended.after, classes.error_class;

-- name: list_services(max_rows)
-- The services that are watched, those that are down first, with how many there are.
-- row: WatchedService
-- null: state! since_at? message? all_services! all_down!
select
    services.id,
    case
        when service_states.stale_at > now() then service_states.state
        else 'unknown'
    end as state,
    service_states.last_change_at as since_at,
    service_states.message,
    count(*) over () as all_services,
    count(*) filter (
        where service_states.stale_at > now() and service_states.state = 'down'
    ) over () as all_down
from ops.services
left join ops.service_states on service_states.service_id = services.id
where services.is_watched
order by
    service_states.stale_at > now() and service_states.state = 'down' is not true,
    service_states.stale_at > now() and service_states.state = 'up' is true,
    services.id
limit coalesce(:max_rows::bigint, 20);

-- name: list_lock_waits(max_rows)
-- The sessions of this database that wait for a lock, the longest first, and one that each waits for; with how many there are.
-- row: LockWait
-- null: pid! login? waits_s? wants! blocking_pid? blocking_login? all_waits!
select
    wanted.pid,
    waiting.usename::text as login,
    extract(
        epoch from clock_timestamp() - wanted.waitstart
    )::double precision as waits_s,
    coalesce(named.nspname || '.' || class.relname, wanted.locktype) as wants,
    blocker.pid as blocking_pid,
    blocking.usename::text as blocking_login,
    wanted.all_waits
from (
    select
        locks.pid,
        locks.relation,
        locks.locktype,
        locks.waitstart,
        count(*) over () as all_waits
    from pg_locks as locks
    join pg_stat_activity as activity on activity.pid = locks.pid
    where not locks.granted
        and activity.datname = current_database()
    order by locks.waitstart, locks.pid
    limit coalesce(:max_rows::bigint, 5)
) as wanted
left join pg_stat_activity as waiting on waiting.pid = wanted.pid
left join pg_class as class on class.oid = wanted.relation
left join pg_namespace as named on named.oid = class.relnamespace
left join lateral (
    select min(each.pid) as pid
    from unnest(pg_blocking_pids(wanted.pid)) as each (pid)
) as blocker on true
left join pg_stat_activity as blocking on blocking.pid = blocker.pid
order by wanted.waitstart, wanted.pid;
