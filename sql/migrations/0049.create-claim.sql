-- Taking jobs. One ordered read: lanes by priority, jobs by turn. A job is locked before it is taken and a locked one is passed
-- over, so a claim never waits, and two workers cannot hold one job.
-- depends: 0048.create-render-jobs

set local role renderstore_owner;

-- A lane's clock follows the head of its line, at most every 100 ms; a lane that another claim is moving is passed over.
create function work.move_clocks(labels text[], kinds work.job_kind[])
returns void
language plpgsql
volatile
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    late record;
begin
    -- Asked first, since an update that finds nothing costs a claim more than the question.
    select array_agg(l.id) as ids, array_agg(head.turn) as turns into late
    from work.lanes as l
    cross join lateral (
        select q.turn
        from work.ready as q
        where q.lane_id = l.id and q.turn >= l.floor
        order by q.turn, q.job_id
        limit 1
    ) as head
    where l.moved_at < now() - interval '100 milliseconds'
        and not l.is_paused
        and l.labels <@ move_clocks.labels
        and l.kind = any (move_clocks.kinds)
        and head.turn > l.turn;
    if late.ids is null then
        return;
    end if;
    update work.lanes as l
    set
        floor = l.turn,
        turn = head.turn,
        moved_at = now()
    from unnest(late.ids, late.turns) as head (lane_id, turn)
    where l.id in (
            select k.id
            from work.lanes as k
            where k.id = head.lane_id
            for no key update skip locked
        )
        and l.turn < head.turn;
end
$$;
comment on function work.move_clocks(text[], work.job_kind[]) is
    'Sets the clocks of the open lanes of these labels and kinds to the turns that are served next.';

-- The settings keep every plan as it is on a large queue, though it may be cached on an empty one: lanes, then their lines in
-- order, then one look-up a job. A plan for each call would cost more than the claim.
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
rows 10
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

    perform work.move_clocks(offered_labels, offered_kinds);

    return query
    with open_lanes as materialized (
        select
            l.id,
            l.floor
        from work.lanes as l
        where not l.is_paused
            and l.labels <@ offered_labels
            and l.kind = any (offered_kinds)
        order by case when ignores_priority then 0 else l.priority end desc, random()
    ),

    picked as materialized (
        select
            line.user_id,
            line.job_id
        from open_lanes
        cross join lateral (
            select
                q.user_id,
                q.job_id
            from work.ready as q
            -- Below the order, so that no job is looked up before its turn.
            cross join lateral (
                select
                from work.jobs as j
                where j.user_id = q.user_id
                    and j.id = q.job_id
                    and j.status = 'queued'
                for no key update skip locked
            ) as taken
            where q.lane_id = open_lanes.id and q.turn >= open_lanes.floor
            order by q.turn, q.job_id
            limit max_jobs
        ) as line
        limit max_jobs
    )

    update work.jobs as j
    set
        status = 'running',
        attempt = j.attempt + 1,
        held_by = worker,
        lease_expires_at = now() + lease
    from picked
    where j.user_id = picked.user_id and j.id = picked.job_id and j.status = 'queued'
    returning
        j.user_id,
        j.id,
        j.attempt,
        j.kind,
        j.lease_expires_at;
end
$$;
comment on function work.claim(bigint, text[], work.job_kind[], interval) is
    'Takes up to max_jobs jobs for the acting worker, with its registered labels and kinds unless others are given. The attempt is the token to report with.';

grant execute on function
    work.move_clocks(text[], work.job_kind[]),
    work.claim(bigint, text[], work.job_kind[], interval)
to renderstore_worker;
