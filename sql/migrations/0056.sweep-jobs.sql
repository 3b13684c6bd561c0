-- What time does to jobs. Bounded batches, locked rows passed over: several sweeps at once, and whatever anybody keeps locked,
-- stop nothing.
-- depends: 0055.create-sweep

set local role renderstore_owner;

create function work.carry_reports(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    said work.reports;
    job work.jobs;
    carried bigint := 0;
begin
    for said in
        select r.*
        from work.reports as r
        order by r.user_id, r.job_id
        limit max_rows
        for update skip locked
    loop
        select * into job
        from work.jobs as j
        where j.user_id = said.user_id and j.id = said.job_id
        for no key update skip locked;
        if not found then
            -- Locked still, or gone.
            perform
            from work.jobs as j
            where j.user_id = said.user_id and j.id = said.job_id;
            continue when found;
        elsif job.attempt = said.attempt and job.held_by = said.held_by then
            if said.outcome is null then
                update work.jobs as j
                set lease_expires_at = greatest(j.lease_expires_at, said.lease_expires_at)
                where j.user_id = job.user_id and j.id = job.id;
            else
                perform work.end_run(
                    job,
                    said.outcome,
                    said.error_class,
                    said.error_message,
                    said.exit_code,
                    said.actor
                );
            end if;
        end if;
        delete from work.reports as r
        where r.user_id = said.user_id and r.job_id = said.job_id;
        carried := carried + 1;
    end loop;
    return carried;
end
$$;
comment on function work.carry_reports(bigint) is
    'How many reports were carried over that found their job''s row locked.';

create function work.expire_leases(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
set jit = off
set lock_timeout = '100ms'
set plan_cache_mode = force_generic_plan
as $$
declare
    job work.jobs;
    lost bigint := 0;
    held constant work.job_status[] := '{running,validating}';
    status_held work.job_status;
begin
    -- One status a look: in the order of its index.
    foreach status_held in array held loop
        for job in
            select j.*
            from work.jobs as j
            where j.status = status_held
                and j.lease_expires_at < now()
                and not exists (
                    select
                    from work.reports as r
                    where r.user_id = j.user_id
                        and r.job_id = j.id
                        and r.attempt = j.attempt
                        and (r.outcome is not null or r.lease_expires_at >= now())
                )
            order by j.id
            limit max_rows - lost
            for no key update of j skip locked
        loop
            -- A report that finds the job locked comes into the same row: either it is first and counts, or it is refused.
            begin
                insert into work.reports as r (user_id, job_id, attempt, held_by, outcome)
                values (job.user_id, job.id, job.attempt, job.held_by, 'lost')
                on conflict on constraint reports_pkey do update
                set
                    attempt = excluded.attempt,
                    held_by = excluded.held_by,
                    outcome = excluded.outcome,
                    lease_expires_at = null
                where r.attempt < excluded.attempt
                    or r.outcome is null and r.lease_expires_at < now();
                continue when not found;
            exception
                when lock_not_available then
                    continue;
            end;
            perform work.end_run(
                job,
                'lost',
                'lost',
                'The worker ' || job.held_by || ' fell silent.'
            );
            delete from work.reports as r
            where r.user_id = job.user_id and r.job_id = job.id;
            lost := lost + 1;
        end loop;
    end loop;
    return lost;
end
$$;
comment on function work.expire_leases(bigint) is
    'How many jobs were taken from workers that fell silent: back to the head of the line at no cost of a try, but not for ever.';

create function work.release_due(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    due record;
begin
    with taken as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where j.status = 'pending' and j.due_at <= now()
        order by j.due_at
        limit max_rows
        for no key update skip locked
    ),

    released as (
        update work.jobs as j
        set due_at = null
        from taken
        where j.user_id = taken.user_id and j.id = taken.id
        returning j.user_id, j.id
    )

    select array_agg(user_id) as users, array_agg(id) as ids into due
    from released;
    if due.ids is null then
        return 0;
    end if;
    perform work.renew(due.users, due.ids, true);
    return cardinality(due.ids);
end
$$;
comment on function work.release_due(bigint) is
    'How many jobs'' times have come.';

create function work.ask_to_cancel(users uuid[], ids uuid[], reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform work.cancel_waiting(users, ids, reason, true);
    update work.jobs as j
    set
        cancel_requested_at = now(),
        cancel_reason = coalesce(j.cancel_reason, reason)
    from unnest(users, ids) as late (user_id, id)
    where j.user_id = late.user_id
        and j.id = late.id
        and j.status in ('running', 'validating')
        and j.cancel_requested_at is null;
end
$$;
comment on function work.ask_to_cancel(uuid[], uuid[], text) is
    'Cancels what waits of these jobs, which the caller has locked, and asks the workers of the others to stop.';

create function work.cancel_late(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    late record;
begin
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into late
    from (
        select j.user_id, j.id
        from work.jobs as j
        where j.auto_cancel_at <= now()
            and j.completed_at is null
            and j.cancel_requested_at is null
        order by j.auto_cancel_at
        limit max_rows
        for no key update skip locked
    ) as j;
    if late.ids is not null then
        perform work.ask_to_cancel(late.users, late.ids, 'Its time was over.');
    end if;
    return coalesce(cardinality(late.ids), 0);
end
$$;
comment on function work.cancel_late(bigint) is
    'How many jobs'' times were over: a running one hears of it by its next heartbeat.';

create function work.cancel_deactivated(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    orphaned record;
begin
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into orphaned
    from (
        select k.user_id, k.id
        from identity.users as o
        cross join lateral (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = o.id
                and j.status in ('pending', 'validating', 'queued', 'running')
                and j.cancel_requested_at is null
            limit (select max_rows)
            for no key update skip locked
        ) as k
        where o.status = 'deactivated'
        limit (select max_rows)
    ) as j;
    if orphaned.ids is not null then
        perform work.ask_to_cancel(
            orphaned.users,
            orphaned.ids,
            'The user was deactivated.'
        );
    end if;
    return coalesce(cardinality(orphaned.ids), 0);
end
$$;
comment on function work.cancel_deactivated(bigint) is
    'How many jobs of deactivated users were cancelled, or asked to stop.';

create function work.look_again(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    noted record;
    lost record;
    stray record;
begin
    with taken as materialized (
        select n.user_id, n.id, n.job_id
        from work.leftovers as n
        order by n.user_id, n.id
        limit max_rows
        for update skip locked
    ),

    locked as materialized (
        select j.user_id, j.id
        from taken
        cross join lateral (
            select k.user_id, k.id
            from work.jobs as k
            where k.user_id = taken.user_id
                and k.id = taken.job_id
                and k.status not in ('running', 'validating')
                -- Whoever is about to end one that it needs may not see that it waits.
                and not exists (
                    select
                    from work.dependencies as d
                    where d.user_id = k.user_id
                        and d.job_id = k.id
                        and not work.is_at_rest(d.user_id, d.needs_job_id)
                )
            for no key update skip locked
        ) as j
    ),

    -- Whoever resumes such a user waits for this, and finds the job then. Who is doing so at this moment may see it as it was: the
    -- note stays.
    paused as materialized (
        select p.user_id
        from work.user_pauses as p
        where p.user_id in (
            select taken.user_id
            from taken
        )
        for key share skip locked
    ),

    gone as (
        delete from work.leftovers as n
        using taken
        left join locked on locked.user_id = taken.user_id and locked.id = taken.job_id
        where n.user_id = taken.user_id
            and n.id = taken.id
            and (
                locked.id is not null
                and (
                    exists (
                        select
                        from paused
                        where paused.user_id = taken.user_id
                    )
                    or not exists (
                        select
                        from work.user_pauses as p
                        where p.user_id = taken.user_id
                    )
                )
                or not exists (
                    select
                    from work.jobs as j
                    where j.user_id = taken.user_id
                        and j.id = taken.job_id
                        and j.status not in ('running', 'validating')
                )
            )
        returning n.id
    )

    select
        (
            select array_agg(once.user_id order by once.user_id, once.id)
            from (
                select distinct locked.user_id, locked.id
                from locked
            ) as once
        ) as users,
        (
            select array_agg(once.id order by once.user_id, once.id)
            from (
                select distinct locked.user_id, locked.id
                from locked
            ) as once
        ) as ids,
        (
            select coalesce(array_agg(paused.user_id), '{}')
            from paused
        ) as paused_users,
        count(*) as notes
    into noted
    from gone;
    if noted.ids is null then
        return noted.notes;
    end if;

    select * into lost
    from work.refresh(noted.users, noted.ids, true);
    perform work.settle(
        noted.users || lost.lost_users,
        noted.ids || lost.lost_ids,
        true,
        max_rows
    );
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from unnest(noted.users, noted.ids) as listed (user_id, id)
    join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
    where j.status = 'queued'
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        )
        and j.user_id <> all(noted.paused_users);
    if stray.ids is not null then
        perform work.enter_line(stray.users, stray.ids, false, true);
    end if;
    return noted.notes;
end
$$;
comment on function work.look_again(bigint) is
    'How many notes of jobs were settled that somebody had passed over.';

create function work.is_at_rest(owner uuid, job uuid)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = job and j.status = 'completed';
    if found then
        return true;
    end if;
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = job
    for no key update skip locked;
    return found;
end
$$;
comment on function work.is_at_rest(uuid, uuid) is
    'Whether nobody is changing a job at this moment; locks it, so that nobody begins to.';

create function work.lift_stragglers(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    line record;
    lifted bigint := 0;
begin
    -- They joined below the floor: a slow transaction, or a claim that was rolled back.
    for line in
        with stragglers as materialized (
            select
                q.user_id,
                q.job_id,
                q.lane_id,
                l.turn,
                l.kind,
                l.labels
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
        ),

        moved as (
            update work.ready as q
            set turn = s.turn
            from stragglers as s
            where q.user_id = s.user_id
                and q.job_id = s.job_id
                and q.lane_id = s.lane_id
            returning s.kind, s.labels
        )

        select moved.kind, moved.labels, count(*) as jobs
        from moved
        group by moved.kind, moved.labels
    loop
        perform work.wake(line.kind, line.labels, line.jobs);
        lifted := lifted + line.jobs;
    end loop;
    return lifted;
end
$$;
comment on function work.lift_stragglers(bigint) is
    'How many jobs were lifted to where claims look that had joined the line below it.';

create function work.mend_pauses(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    stray record;
    gone bigint := 0;
begin
    -- A pause passes over what somebody is changing at that moment.
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from (
        select j.user_id, j.id
        from work.user_pauses as p
        cross join lateral (
            select r.user_id, r.job_id
            from work.ready as r
            where r.user_id = p.user_id
            order by r.job_id
            limit max_rows
        ) as q
        join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
        limit max_rows
        for no key update of j skip locked
        -- A resume that commits meanwhile has looked who is not in line.
        for key share of p skip locked
    ) as j;
    if stray.ids is not null then
        gone := work.leave_line(stray.users, stray.ids);
    end if;
    -- A lane that was opened while somebody paused or resumed did not see it.
    if exists (
        select
        from work.lanes as l
        where l.is_paused <> work.is_lane_paused(l.labels)
    )
    then
        perform work.follow_pauses();
    end if;
    return gone;
end
$$;
comment on function work.mend_pauses(bigint) is
    'How many jobs of paused users left the line that a pause had passed over; lanes follow pauses that they had not seen.';

create function work.show_lanes(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    shown bigint;
begin
    -- Who is new, beside all others: most of the time there is nobody.
    insert into work.worker_lanes (worker, lane_id)
    select w.name, l.id
    from (
        select new_lanes.id as lane_id, all_workers.name
        from work.lanes as new_lanes
        cross join work.workers as all_workers
        where new_lanes.opened_at > now() - interval '1 hour'
        union
        select all_lanes.id, new_workers.name
        from work.workers as new_workers
        cross join work.lanes as all_lanes
        where new_workers.registered_at > now() - interval '1 hour'
    ) as pairs
    join work.workers as w on w.name = pairs.name
    join work.lanes as l on l.id = pairs.lane_id
    where l.kind = any(w.kinds)
        and l.labels <@ w.labels
        and not l.is_closing
        and not exists (
            select
            from work.worker_lanes as m
            where m.worker = w.name and m.lane_id = l.id
        )
    order by w.name, l.id
    limit max_rows
    on conflict do nothing;
    get diagnostics shown = row_count;
    return shown;
end
$$;
comment on function work.show_lanes(bigint) is
    'How many lanes were shown to workers that registered while they were being opened: neither had seen the other.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values
    (100, 'reports carried over', 'work.carry_reports', true),
    (110, 'leases lost', 'work.expire_leases', true),
    (120, 'became due', 'work.release_due', true),
    (130, 'cancelled by time', 'work.cancel_late', true),
    (140, 'cancelled with their user', 'work.cancel_deactivated', true),
    (150, 'looked at again', 'work.look_again', true),
    (160, 'put in newly opened lanes', 'work.open_lanes', true),
    (165, 'lanes shown', 'work.show_lanes', true),
    (170, 'lifted in line', 'work.lift_stragglers', true),
    (180, 'taken out of line', 'work.mend_pauses', true);

create function work.sweep(max_rows bigint default 1000)
returns table (what text, jobs bigint, problem text)
language sql
volatile
begin atomic
    select
        swept.what,
        swept.jobs,
        swept.problem
    from ops.sweep(max_rows, true) as swept;
end;
comment on function work.sweep(bigint) is
    'The part of ops.sweep that the queue waits for: any worker calls it, as often as it likes.';

grant execute on function work.sweep(bigint)
    to renderstore_worker, renderstore_admin;
