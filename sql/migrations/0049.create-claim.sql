-- Taking jobs. One ordered read: lanes by priority, jobs by turn. A job is locked before it is taken and a locked one is passed
-- over, so a claim never waits, and two workers cannot hold one job.
-- depends: 0048.create-render-jobs

set local role renderstore_owner;

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

    return query
    with open_lanes as materialized (
        select
            l.id,
            l.turn,
            l.floor,
            l.moved_at
        from work.lanes as l
        where not l.is_paused
            and l.labels <@ offered_labels
            and l.kind = any (offered_kinds)
        order by case when ignores_priority then 0 else l.priority end desc, random()
    ),

    picked as materialized (
        select
            line.user_id,
            line.job_id,
            line.lane_id,
            line.turn
        from open_lanes
        cross join lateral (
            select
                q.user_id,
                q.job_id,
                q.lane_id,
                q.turn
            from work.ready as q
            join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
            where q.lane_id = open_lanes.id
                and q.turn >= open_lanes.floor
                and j.status = 'queued'
            order by q.turn, q.job_id
            limit max_jobs
            for no key update of j skip locked
        ) as line
        limit max_jobs
    ),

    -- Whichever claim comes by moves the clock, at most every 100 ms, and never waits for another that does.
    moved as (
        update work.lanes as l
        set
            floor = l.turn,
            turn = served.turn,
            moved_at = now()
        from (
            select
                picked.lane_id,
                max(picked.turn) as turn
            from picked
            join open_lanes on open_lanes.id = picked.lane_id
            where picked.turn > open_lanes.turn
                and open_lanes.moved_at < now() - interval '100 milliseconds'
            group by picked.lane_id
        ) as served
        where l.id in (
                select k.id
                from work.lanes as k
                where k.id = served.lane_id
                for no key update skip locked
            )
            and l.turn < served.turn
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

grant execute on function work.claim(bigint, text[], work.job_kind[], interval)
    to renderstore_worker;
