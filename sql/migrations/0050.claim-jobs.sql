-- Taking jobs. One ordered read: the worker's lanes by priority, jobs by turn. A place in line is locked, then its job, and a locked
-- one is passed over, so a claim never waits, and two workers cannot hold one job.
-- depends: 0049.register-workers

set local role renderstore_owner;

-- The settings keep every plan as it is on a large queue, though it may be cached on an empty one: lanes, then a line in its
-- order, then one look-up a job. A plan for each call would cost more than the claim.
-- Security definer: it takes only what waits, for the acting worker.
create function work.claim(
    max_jobs bigint default 1,
    kinds work.job_kind[] default null,
    lease interval default '60 seconds'
)
returns table (
    user_id uuid,
    id uuid,
    attempt integer,
    kind work.job_kind,
    lease_expires_at timestamptz
)
language plpgsql
volatile
security definer
rows 10
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    until constant timestamptz := now() + lease::work.lease;
    -- One claim in 32 ignores priority, so that a low one is reached in the end.
    ignores_priority constant boolean := random() < 0.03125;
    jobs_left bigint := max_jobs::work.batch_size;
    lane bigint;
    lane_moved bigint;
    reached bigint;
    is_late boolean;
begin
    loop
        for user_id, id, attempt, kind, lease_expires_at, lane, reached, is_late in
            -- Materialized: asked twice, it would lock and take more than the limit.
            with picked as materialized (
                select
                    r.user_id,
                    r.job_id,
                    r.turn,
                    l.id as lane_id,
                    r.turn > l.turn
                    and l.moved_at < now() - interval '100 milliseconds' as is_late
                from (
                    select
                        k.id,
                        k.floor,
                        k.turn,
                        k.moved_at
                    from work.worker_lanes as m
                    -- The limit keeps it a look into each of the worker's own, whatever the statistics say.
                    cross join lateral (
                        select
                            k.id,
                            k.kind,
                            k.priority,
                            k.floor,
                            k.turn,
                            k.moved_at,
                            k.is_paused
                        from work.lanes as k
                        where k.id = m.lane_id
                        limit 1
                    ) as k
                    where m.worker = me
                        and not k.is_paused
                        and (claim.kinds is null or k.kind = any(claim.kinds))
                    order by
                        case when ignores_priority then 0 else k.priority end
                        + random() desc
                ) as l
                -- Its place first: one that another claim took since this began is gone, and its job is not locked.
                cross join lateral (
                    select
                        q.user_id,
                        q.job_id,
                        q.turn
                    from work.ready as q
                    where q.lane_id = l.id
                        and q.turn >= l.floor
                        and exists (
                            select
                            from identity.users as o
                            where o.id = q.user_id and o.status <> 'deactivated'
                        )
                    order by q.turn, q.job_id
                    for update of q skip locked
                ) as r
                cross join lateral (
                    select
                    from work.jobs as k
                    where k.user_id = r.user_id
                        and k.id = r.job_id
                        and k.status = 'queued'
                    for no key update skip locked
                ) as taken
                limit jobs_left
            ),
            gone as (
                delete from work.ready as r
                using picked
                where r.user_id = picked.user_id and r.job_id = picked.job_id
            )
            update work.jobs as j
            set
                status = 'running',
                attempt = j.attempt + 1,
                held_by = me,
                lease_expires_at = until,
                started_at = now(),
                progress = 0,
                due_at = null,
                exit_code = null
            from picked
            where j.user_id = picked.user_id and j.id = picked.job_id
            returning
                j.user_id,
                j.id,
                j.attempt,
                j.kind,
                j.lease_expires_at,
                picked.lane_id,
                picked.turn,
                picked.is_late
        loop
            return next;
            jobs_left := jobs_left - 1;
            -- The clock follows the turn that was served, at most every 100 ms; one that another claim is moving is let be. Asked again
            -- of the row as it is: who joined the line at a turn that it passes twice is below the floor.
            if is_late and lane is distinct from lane_moved then
                lane_moved := lane;
                update work.lanes as l
                set
                    floor = l.turn,
                    turn = reached,
                    moved_at = clock_timestamp()
                where l.id in (
                        select k.id
                        from work.lanes as k
                        where k.id = lane
                        for no key update skip locked
                    )
                    and l.turn < reached
                    and l.moved_at < now() - interval '100 milliseconds';
            end if;
        end loop;
        if jobs_left < 1 then
            return;
        end if;
        -- What came for a lane that was not open.
        exit when not exists (
            select
            from work.arrivals
        );
        exit when work.open_lanes() = 0;
    end loop;
    if jobs_left = max_jobs
        and not exists (
            select
            from work.workers as w
            where w.name = me
        )
    then
        -- Who names what it takes has said all that a registration says, but for labels.
        if claim.kinds is null then
            perform work.refuse_unregistered(me);
        end if;
        perform work.register(claim.kinds);
        return query
        select again.*
        from work.claim(max_jobs, claim.kinds, lease) as again;
    end if;
end
$$;
comment on function work.claim(bigint, work.job_kind[], interval) is
    'Takes up to this many jobs for the acting worker, of its registered kinds or of fewer that are named; one that never registered does so with what it names. Each comes with its attempt, the token with which to report.';

-- Security definer: as work.claim.
create function work.validate(
    max_jobs bigint default 1,
    kinds work.job_kind[] default null,
    lease interval default '60 seconds'
)
returns table (
    user_id uuid,
    id uuid,
    attempt integer,
    kind work.job_kind,
    lease_expires_at timestamptz
)
language plpgsql
volatile
security definer
rows 10
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
begin
    return query
    with picked as materialized (
        select j.user_id, j.id
        from work.workers as w
        cross join unnest(coalesce(validate.kinds, w.kinds)) as wanted (kind)
        join work.jobs as j
            on j.kind = wanted.kind
            and j.status = 'pending'
            and j.is_unchecked
            and j.labels <@ w.labels
        where w.name = me
            and wanted.kind = any(w.kinds)
            and exists (
                select
                from identity.users as o
                where o.id = j.user_id and o.status <> 'deactivated'
            )
            -- What no pause holds back: of who moves, nobody takes anything.
            and not exists (
                select
                from ops.moves as m
                where m.user_id = j.user_id
            )
        limit max_jobs::work.batch_size
        for no key update of j skip locked
    ),

    held as (
        update work.jobs as j
        set
            status = 'validating',
            attempt = j.attempt + 1,
            held_by = me,
            lease_expires_at = now() + lease::work.lease,
            started_at = now()
        from picked
        where j.user_id = picked.user_id and j.id = picked.id
        returning j.user_id, j.id, j.attempt, j.kind, j.lease_expires_at
    )

    select held.*
    from held;
    if not found
        and not exists (
            select
            from work.workers as w
            where w.name = me
        )
    then
        perform work.refuse_unregistered(me);
    end if;
end
$$;
comment on function work.validate(bigint, work.job_kind[], interval) is
    'Takes up to this many jobs that a worker must look at before they are queued. It accepts each with work.accept, or fails it.';

grant execute on function
    work.claim(bigint, work.job_kind[], interval),
    work.validate(bigint, work.job_kind[], interval)
to renderstore_worker;
