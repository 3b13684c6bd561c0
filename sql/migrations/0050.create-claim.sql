-- Taking jobs. One ordered read: lanes by priority, jobs by turn. A job is locked before it is taken and a locked one is passed
-- over, so a claim never waits, and two workers cannot hold one job.
-- depends: 0049.create-render-jobs

set local role renderstore_owner;

-- The settings keep every plan as it is on a large queue, though it may be cached on an empty one: lanes, then a line in its
-- order, then one look-up a job. A plan for each call would cost more than the claim.
-- Security definer: it takes only what waits, for the acting worker, and policies that ask the same again cost a tenth of it.
create function work.claim(
    max_jobs bigint default 1,
    labels text[] default null,
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
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    worker constant text := work.current_worker();
    offered_labels text[] := claim.labels;
    offered_kinds work.job_kind[] := claim.kinds;
    -- One claim in 32 ignores priority, so that a low one is reached in the end.
    ignores_priority constant boolean := random() < 0.03125;
    jobs_left bigint := max_jobs;
    jobs_taken bigint;
    lane record;
begin
    if offered_labels is null or offered_kinds is null then
        select
            coalesce(offered_labels, w.labels),
            coalesce(offered_kinds, w.kinds)
        into offered_labels, offered_kinds
        from work.workers as w
        where w.name = worker;
        offered_labels = coalesce(offered_labels, claim.labels, '{}');
        offered_kinds = coalesce(
            offered_kinds,
            claim.kinds,
            enum_range(null::work.job_kind)
        );
    end if;

    for lane in
        select
            l.id,
            l.floor,
            head.turn,
            head.turn > l.turn
            and l.moved_at < now() - interval '100 milliseconds' as is_late
        from work.lanes as l
        cross join lateral (
            select q.turn
            from work.ready as q
            where q.lane_id = l.id and q.turn >= l.floor
            order by q.turn, q.job_id
            limit 1
        ) as head
        where not l.is_paused
            and l.labels <@ offered_labels
            and l.kind = any (offered_kinds)
        order by case when ignores_priority then 0 else l.priority end desc, random()
    loop
        exit when jobs_left < 1;

        -- The clock follows the head of the line, at most every 100 ms; one that another claim is moving is let be.
        if lane.is_late then
            update work.lanes as l
            set
                floor = l.turn,
                turn = lane.turn,
                moved_at = now()
            where l.id in (
                    select k.id
                    from work.lanes as k
                    where k.id = lane.id
                    for no key update skip locked
                )
                and l.turn < lane.turn;
        end if;

        -- Materialized: asked twice, it would lock and take more than the limit.
        return query
        with picked as materialized (
            select
                q.user_id,
                q.job_id
            from work.ready as q
            -- Below the order, so that no job is looked up before its turn.
            cross join lateral (
                select
                from work.jobs as k
                where k.user_id = q.user_id
                    and k.id = q.job_id
                    and k.status = 'queued'
                for no key update skip locked
            ) as taken
            where q.lane_id = lane.id and q.turn >= lane.floor
            order by q.turn, q.job_id
            limit jobs_left
        )

        update work.jobs as j
        set
            status = 'running',
            attempt = j.attempt + 1,
            held_by = worker,
            lease_expires_at = now() + lease
        from picked
        where j.user_id = picked.user_id
            and j.id = picked.job_id
            and j.status = 'queued'
        returning
            j.user_id,
            j.id,
            j.attempt,
            j.kind,
            j.lease_expires_at;
        get diagnostics jobs_taken = row_count;
        jobs_left = jobs_left - jobs_taken;
    end loop;
end
$$;
comment on function work.claim(bigint, text[], work.job_kind[], interval) is
    'Takes up to max_jobs jobs for the acting worker, with its registered labels and kinds unless others are given. The attempt is the token to report with.';

grant execute on function work.claim(bigint, text[], work.job_kind[], interval)
    to renderstore_worker;
