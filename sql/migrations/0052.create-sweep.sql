-- What time does to jobs. One function, called by any worker as often as it likes: bounded batches, locked rows passed over.
-- depends: 0051.create-reports

set local role renderstore_owner;

-- Security definer: what a silent worker holds is nobody else's, and no worker cancels another's job.
create function work.sweep(max_rows bigint default 1000)
returns table (what text, jobs bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    stray_users uuid[];
    stray_ids uuid[];
    lost_users uuid[];
    lost_ids uuid[];
    most_lost_leases constant integer := 5;
    actor constant text := current_setting('renderstore.actor', true);
begin
    perform set_config('renderstore.actor', 'sweep', true);

    -- A worker fell silent: back to the head of the line at no cost of a try, but not for ever.
    return query
    with silent as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where j.status = 'running' and j.lease_expires_at < now()
        order by j.user_id, j.id
        limit (select max_rows)
        for no key update skip locked
    ),

    lost as (
        update work.jobs as j
        set
            lost_leases = j.lost_leases + 1,
            error_class = 'lost',
            error_message = 'The worker ' || j.held_by || ' fell silent.',
            status = case
                when j.cancel_requested_at is not null then 'cancelled'::work.job_status
                when j.lost_leases + 1 >= most_lost_leases then 'failed'
                else 'queued'
            end
        from silent
        where j.user_id = silent.user_id and j.id = silent.id
        returning j.id
    )

    select 'leases lost', count(*)
    from lost;

    select taken.users, taken.ids, taken.lost_users, taken.lost_ids
    into stray_users, stray_ids, lost_users, lost_ids
    from work.take_leftovers(max_rows) as taken;
    -- Its time has come: the guard sees that nothing holds it back any more. One statement for all that
    -- may enter the line, so that turns are taken in one order.
    return query
    with due as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where j.status = 'pending' and j.due_at <= now()
        order by j.due_at
        limit (select max_rows)
        for no key update skip locked
    ),

    released as (
        update work.jobs as j
        set
            due_at = case when moved.is_due then null else j.due_at end,
            needs_left = case
                when moved.is_stray then work.count_needs(j.user_id, j.id)
                else j.needs_left
            end
        from (
            select
                listed.user_id,
                listed.id,
                bool_or(listed.is_due) as is_due,
                bool_or(not listed.is_due) as is_stray
            from (
                select due.user_id, due.id, true as is_due
                from due
                union all
                select stray.user_id, stray.id, false
                from unnest(stray_users, stray_ids) as stray (user_id, id)
            ) as listed
            group by listed.user_id, listed.id
        ) as moved
        where j.user_id = moved.user_id and j.id = moved.id
        returning moved.is_due
    )

    select 'became due', count(*) filter (where is_due)
    from released;

    -- Its time is over: a running one hears of it by its next heartbeat.
    return query
    with late as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where j.auto_cancel_at <= now()
            and j.completed_at is null
            and j.cancel_requested_at is null
        order by j.auto_cancel_at
        limit (select max_rows)
        for no key update skip locked
    ),

    asked as (
        update work.jobs as j
        set
            cancel_requested_at = now(),
            cancel_reason = coalesce(j.cancel_reason, 'Its time was over.')
        from late
        where j.user_id = late.user_id and j.id = late.id
        returning j.id
    )

    select 'cancelled by time', count(*)
    from asked;

    return query
    select 'cancelled with their user', work.cancel_deactivated(max_rows);
    return query
    select 'lifted in line', work.lift_stragglers(max_rows);
    return query
    select
        'put in or out of line',
        work.place_leftovers(stray_users, stray_ids, lost_users, lost_ids)
            + work.mend_line(max_rows);

    perform set_config('renderstore.actor', coalesce(actor, ''), true);
end
$$;
comment on function work.sweep(bigint) is
    'Does what time asks for, up to max_rows of each: lost leases, what became due, what must be cancelled, jobs of deactivated users, jobs that slipped behind the clock or out of line. Says what it did.';

-- Security definer: nobody else writes the line.
create function work.lift_stragglers(max_rows bigint)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    lifted bigint;
begin
    -- They joined below the floor: a slow transaction, or a claim that was rolled back.
    with stragglers as materialized (
        select
            q.user_id,
            q.job_id,
            q.lane_id,
            l.turn
        from work.lanes as l
        -- The limit keeps it a look into each lane: read whole, the line is long.
        cross join lateral (
            select
                r.user_id,
                r.job_id,
                r.lane_id
            from work.ready as r
            where r.lane_id = l.id and r.turn < l.floor
            order by r.turn, r.job_id
            limit (select max_rows)
        ) as q
        join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
        limit (select max_rows)
        for no key update of j skip locked
    )

    update work.ready as q
    set turn = s.turn
    from stragglers as s
    where q.user_id = s.user_id and q.job_id = s.job_id and q.lane_id = s.lane_id;
    get diagnostics lifted = row_count;
    return lifted;
end
$$;
comment on function work.lift_stragglers(bigint) is
    'Puts jobs that stand where no claim looks any more to the front of their lane.';

-- Security definer: as the sweep.
create function work.take_leftovers(
    max_rows bigint,
    out users uuid[],
    out ids uuid[],
    out lost_users uuid[],
    out lost_ids uuid[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
begin
    with noted as materialized (
        select
            s.user_id,
            s.id,
            s.job_id,
            s.is_lost
        from work.leftovers as s
        order by s.user_id, s.id
        limit (select max_rows)
        for update skip locked
    ),

    -- A pause or resume under way would not see what is done here, nor be seen.
    owners as materialized (
        select u.user_id
        from work.usages as u
        where u.user_id in (select noted.user_id from noted)
        for share skip locked
    ),

    locked as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where (j.user_id, j.id) in (select noted.user_id, noted.job_id from noted)
            and j.user_id in (select owners.user_id from owners)
        for no key update skip locked
    ),

    gone as (
        delete from work.leftovers as s
        using noted
        left join locked on locked.user_id = noted.user_id and locked.id = noted.job_id
        where s.user_id = noted.user_id
            and s.id = noted.id
            and (
                locked.id is not null
                or not exists (
                    select
                    from work.jobs as j
                    where j.user_id = noted.user_id and j.id = noted.job_id
                )
            )
        returning s.user_id, s.job_id, s.is_lost, locked.id
    )

    select
        array_agg(gone.user_id) filter (where gone.id is not null),
        array_agg(gone.id) filter (where gone.id is not null),
        array_agg(gone.user_id) filter (where gone.id is not null and gone.is_lost),
        array_agg(gone.id) filter (where gone.id is not null and gone.is_lost)
    into users, ids, lost_users, lost_ids
    from gone;
end
$$;
comment on function work.take_leftovers(bigint) is
    'Locks jobs that were passed over and strikes them off the list; gives them, and those of them whose needs were lost.';

-- Security definer: as the sweep.
create function work.place_leftovers(
    users uuid[],
    ids uuid[],
    lost_users uuid[],
    lost_ids uuid[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    entering record;
begin
    update work.jobs as j
    set
        status = 'cancelled',
        cancel_reason = 'A job that it needs did not complete.'
    from unnest(lost_users, lost_ids) as lost (user_id, job_id)
    where j.user_id = lost.user_id
        and j.id = lost.job_id
        and j.status in ('pending', 'validating', 'queued')
        and exists (
            select
            from work.dependencies as d
            join work.jobs as needed
                on needed.user_id = d.user_id and needed.id = d.needs_job_id
            where d.user_id = j.user_id
                and d.job_id = j.id
                and d.on_failure = 'cancel'
                and needed.status in ('failed', 'cancelled')
        );

    select
        array_agg(j.user_id) as users,
        array_agg(j.id) as ids,
        array_agg(true) as at_head
    into entering
    from (
        select distinct * from unnest(users, ids)
    ) as stray (user_id, job_id)
    join work.jobs as j on j.user_id = stray.user_id and j.id = stray.job_id
    left join work.usages as u on u.user_id = j.user_id
    where j.status = 'queued'
        and u.is_paused is not true
        and not exists (
            select
            from work.ready as q
            where q.user_id = j.user_id and q.job_id = j.id
        );
    if entering.ids is not null then
        -- At the head, which takes no turn: the sweep has taken turns before, in their order.
        perform work.enter_line(entering.users, entering.ids, entering.at_head);
    end if;
    return coalesce(cardinality(ids), 0);
end
$$;
comment on function work.place_leftovers(uuid[], uuid[], uuid[], uuid[]) is
    'Gives jobs that were passed over what they missed: an end, or a place in line.';

create function work.mend_line(max_rows bigint)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    stray record;
    mended bigint := 0;
begin
    -- A pause passes over what somebody is changing at that moment, and so does a resume.
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from (
        select j.user_id, j.id
        from work.usages as u
        cross join lateral (
            select
                r.user_id,
                r.job_id
            from work.ready as r
            where r.user_id = u.user_id
            order by r.job_id
            limit (select max_rows)
        ) as q
        join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
        where u.is_paused
        limit (select max_rows)
        for no key update of j skip locked
    ) as j;
    if stray.ids is not null then
        perform work.leave_line(stray.users, stray.ids);
        mended = mended + cardinality(stray.ids);
    end if;

    -- A lane that was opened while somebody paused or resumed did not see it.
    with wrong as materialized (
        select l.id
        from work.lanes as l
        where l.is_paused <> work.is_lane_paused(l.labels)
        for no key update skip locked
    )

    update work.lanes as l
    set is_paused = work.is_lane_paused(l.labels)
    from wrong
    where l.id = wrong.id;
    return mended;
end
$$;
comment on function work.mend_line(bigint) is
    'Takes paused users'' jobs out of line that a pause had to pass over, and lets lanes follow the pauses.';

create function work.problems()
returns table (user_id uuid, job_id uuid, problem text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select j.user_id, j.id, 'queued, but not in line'
    from work.jobs as j
    left join work.usages as u on u.user_id = j.user_id
    where j.status = 'queued'
        and u.is_paused is not true
        and not exists (
            select
            from work.ready as q
            where q.user_id = j.user_id and q.job_id = j.id
        )
    union all
    select q.user_id, q.job_id, 'in line, but not queued'
    from work.ready as q
    left join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    where j.status is distinct from 'queued'
    union all
    select q.user_id, q.job_id, 'in line, but its user is paused'
    from work.ready as q
    join work.usages as u on u.user_id = q.user_id
    where u.is_paused
    union all
    select null, null, 'a lane that does not follow the pauses'
    from work.lanes as l
    where l.is_paused <> work.is_lane_paused(l.labels)
    union all
    select q.user_id, q.job_id, 'in the wrong lane'
    from work.ready as q
    join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    join work.lanes as l on l.id = q.lane_id
    where (l.kind, l.labels, l.priority) is distinct from (j.kind, j.labels, j.priority)
    union all
    select j.user_id, j.id, 'needs_left is wrong'
    from work.jobs as j
    where j.needs_left <> (
            select count(*)
            from work.dependencies as d
            join work.jobs as n on n.user_id = d.user_id and n.id = d.needs_job_id
            where d.user_id = j.user_id and d.job_id = j.id and n.status <> 'completed'
        )
        and j.status not in ('completed', 'failed', 'cancelled')
    union all
    select j.user_id, j.id, 'queued, but held back'
    from work.jobs as j
    where j.status = 'queued' and j.needs_left > 0
    union all
    select j.user_id, j.id, 'pending without a reason'
    from work.jobs as j
    where j.status = 'pending' and j.needs_left = 0 and j.due_at is null
    union all
    select u.user_id, null, 'more active jobs than were charged'
    from work.usages as u
    where u.active_jobs < (
        select count(*)
        from work.jobs as j
        where j.user_id = u.user_id and j.completed_at is null
    )
    union all
    select j.user_id, j.id, 'active, but never charged'
    from work.jobs as j
    where j.completed_at is null
        and not exists (
            select
            from work.usages as u
            where u.user_id = j.user_id
        )
    union all
    select j.user_id, j.id, 'without the event of its end'
    from work.jobs as j
    where j.completed_at is not null
        and not exists (
            select
            from work.events as e
            where e.user_id = j.user_id and e.job_id = j.id and e.after = j.status
        )
    union all
    select e.user_id, e.job_id, 'an event that is no transition'
    from work.events as e
    where not work.may_become(e.before, e.after)
    union all
    select p.user_id, p.job_id, 'committed without its specification'
    from work.unspecified as p
$$;
comment on function work.problems() is
    'Whatever disagrees between jobs, line, leases, counts and events: always empty, whoever writes. It reads everything; ask it rarely.';

grant execute on function
    work.sweep(bigint),
    work.lift_stragglers(bigint),
    work.mend_line(bigint)
to renderstore_worker;
grant execute on function work.problems()
    to renderstore_worker, renderstore_admin, renderstore_readonly;
