-- What follows every statement that writes jobs, whoever writes: charges, places in line, events, and what waits for them.
-- A statement at a time. Rows are locked in one order: jobs by key, then usages, turns, lanes, ready.
-- depends: 0039.charge-jobs

set local role renderstore_owner;

create function work.admit_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    one record;
    owner record;
    line record;
    charged record;
    lane work.lanes;
    first_turn bigint;
begin
    -- Most jobs come alone.
    select
        (
            select count(*)
            from new_jobs
        ) as jobs,
        n.user_id,
        n.id,
        n.kind,
        n.status,
        n.labels,
        n.priority
    into one
    from new_jobs as n
    limit 1;
    if one.jobs = 1 then
        charged = work.charge_jobs(one.user_id, 1, one.priority, true);
        if one.status = 'queued' and not charged.is_paused then
            lane = work.open_lane(one.kind, one.labels, one.priority);
            insert into work.ready (lane_id, turn, job_id, user_id)
            values (
                lane.id,
                work.take_turns(one.user_id, lane, 1, charged.step),
                one.id,
                one.user_id
            );
        end if;
        return null;
    end if;

    for owner in
        select user_id, count(*) as jobs, max(priority) as top_priority
        from new_jobs
        group by user_id
        order by user_id
    loop
        charged = work.charge_jobs(owner.user_id, owner.jobs, owner.top_priority, true);
        continue when charged.is_paused;
        for line in
            select kind, labels, priority, count(*) as jobs
            from new_jobs
            where user_id = owner.user_id and status = 'queued'
            group by kind, labels, priority
            order by kind, labels, priority
        loop
            lane = work.open_lane(line.kind, line.labels, line.priority);
            first_turn = work.take_turns(owner.user_id, lane, line.jobs, charged.step);
            insert into work.ready (lane_id, turn, job_id, user_id)
            select
                lane.id,
                first_turn + charged.step * (row_number() over (order by id) - 1),
                id,
                user_id
            from new_jobs
            where user_id = owner.user_id
                and status = 'queued'
                and kind = line.kind
                and labels = line.labels
                and priority = line.priority;
        end loop;
    end loop;
    return null;
end
$$;
comment on function work.admit_jobs() is
    'Trigger: new jobs are charged to their owners and stand in line.';

create trigger jobs_admit
after insert on work.jobs
referencing new table as new_jobs
for each statement
execute function work.admit_jobs();

-- Most statements hand one job out or end it, and that must cost no more than it does. Of the others, the one look at them all
-- says what is to be done. Without nested loops: the cached plan may come from a statement of few rows.
create function work.follow_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
-- What calls it may have switched it off for its own statements.
set enable_hashjoin = on
set plan_cache_mode = force_generic_plan
as $$
declare
    one record;
    seen record;
    owner record;
    moved record;
begin
    select
        (
            select count(*)
            from new_jobs
        ) as jobs,
        o.status as before,
        o.started_at as began_at,
        o.held_by,
        n.status as after,
        n.user_id,
        n.id,
        n.attempt,
        n.has_dependants or n.is_watched as is_awaited
    into one
    from old_jobs as o
    cross join new_jobs as n
    limit 1;
    if one.jobs = 1 then
        if one.before = 'queued' and one.after = 'running' then
            delete from work.ready as r
            where r.user_id = one.user_id and r.job_id = one.id;
            return null;
        elsif one.before = 'running' and one.after = 'completed' and not one.is_awaited then
            insert into work.events (
                user_id,
                job_id,
                attempt,
                before,
                after,
                began_at,
                held_by,
                actor
            )
            values (
                one.user_id,
                one.id,
                one.attempt,
                one.before,
                one.after,
                one.began_at,
                one.held_by,
                identity.current_actor()
            );
            return null;
        elsif one.before = one.after then
            return null;
        end if;
    elsif one.jobs is null then
        return null;
    end if;

    select
        bool_or(n.status <> 'running') as has_events,
        bool_or(n.status = 'queued') as has_entered,
        bool_or(o.status in ('failed', 'cancelled')) as has_again,
        bool_or(n.has_dependants and n.completed_at is not null) as has_ended,
        bool_or(n.is_watched and n.completed_at is not null) as is_watched,
        array_agg(n.user_id) filter (where o.status = 'queued') as left_users,
        array_agg(n.id) filter (where o.status = 'queued') as left_ids
    into seen
    from new_jobs as n
    join old_jobs as o on o.user_id = n.user_id and o.id = n.id
    where o.status <> n.status;

    -- A claim has no event of its own: the one that ends the run says when it began.
    if seen.has_events then
        insert into work.events (
            user_id,
            job_id,
            attempt,
            before,
            after,
            began_at,
            held_by,
            actor,
            error_class,
            reason
        )
        select
            n.user_id,
            n.id,
            n.attempt,
            o.status,
            n.status,
            case when o.status = 'running' then o.started_at end,
            o.held_by,
            identity.current_actor(),
            case
                when n.status = 'failed'
                    or o.status = 'running' and n.status in ('pending', 'queued')
                    then n.error_class
            end,
            case
                when n.status = 'cancelled' then n.cancel_reason
                when n.status = 'failed'
                    or o.status = 'running' and n.status <> 'completed'
                    then n.error_message
            end
        from new_jobs as n
        join old_jobs as o on o.user_id = n.user_id and o.id = n.id
        where o.status <> n.status and n.status <> 'running';
    end if;
    if seen.has_again then
        for owner in
            select n.user_id, count(*) as jobs
            from new_jobs as n
            join old_jobs as o on o.user_id = n.user_id and o.id = n.id
            where o.status in ('failed', 'cancelled') and o.status <> n.status
            group by n.user_id
            order by n.user_id
        loop
            perform work.charge_jobs(owner.user_id, owner.jobs, 0::smallint, false);
        end loop;
    end if;
    if seen.left_ids is not null then
        perform work.leave_line(seen.left_users, seen.left_ids);
    end if;
    if seen.has_entered then
        select
            array_agg(n.user_id) as users,
            array_agg(n.id) as ids,
            array_agg(o.status = 'running') as at_head
        into moved
        from new_jobs as n
        join old_jobs as o on o.user_id = n.user_id and o.id = n.id
        where n.status = 'queued' and o.status <> n.status;
        perform work.enter_line(moved.users, moved.ids, moved.at_head);
    end if;
    if seen.has_ended then
        select array_agg(n.user_id) as users, array_agg(n.id) as ids into moved
        from new_jobs as n
        join old_jobs as o on o.user_id = n.user_id and o.id = n.id
        where n.has_dependants
            and n.completed_at is not null
            and o.status <> n.status;
        -- Who holds one job may wait for a later one. Who holds several, as a batch, a sweep or what
        -- follows from another statement does, would meet somebody who waits the other way round.
        perform work.settle_dependants(
            moved.users,
            moved.ids,
            pg_trigger_depth() = 1
            and identity.current_actor() <> 'sweep'
            and one.jobs = 1
        );
    end if;
    if seen.is_watched then
        perform pg_notify(work.end_channel(n.id), '')
        from new_jobs as n
        join old_jobs as o on o.user_id = n.user_id and o.id = n.id
        where n.is_watched and n.completed_at is not null and o.completed_at is null;
    end if;
    return null;
end
$$;
comment on function work.follow_jobs() is
    'Trigger: notes each transition, and moves the job in and out of line.';

create trigger jobs_follow
after update on work.jobs
referencing old table as old_jobs new table as new_jobs
for each statement
execute function work.follow_jobs();

create function work.move_job()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform work.enter_line(array[new.user_id], array[new.id], array[false]);
    return null;
end
$$;
comment on function work.move_job() is
    'Trigger: a queued job whose priority or labels change stands in another line.';

create trigger jobs_move
after update of priority, labels on work.jobs
for each row
when (
    old.status = 'queued'
    and new.status = 'queued'
    and (old.priority <> new.priority or old.labels <> new.labels)
)
execute function work.move_job();

create function work.forget_jobs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    delete from work.ready as r
    using old_jobs as o
    where r.user_id = o.user_id and r.job_id = o.id;
    delete from work.events as e
    using old_jobs as o
    where e.user_id = o.user_id and e.job_id = o.id;
    return null;
end
$$;
comment on function work.forget_jobs() is
    'Trigger: a deleted job leaves no place in line and no history.';

create trigger jobs_forget
after delete on work.jobs
referencing old table as old_jobs
for each statement
execute function work.forget_jobs();

create function work.pause_user()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    ids uuid[];
begin
    -- What somebody is changing at this moment is left to them; the sweep mends what that leaves.
    select array_agg(id) into ids
    from (
        select j.id
        from work.jobs as j
        where j.user_id = new.user_id and j.status = 'queued'
        order by j.id
        for no key update skip locked
    ) as queued;
    if ids is not null and new.is_paused then
        perform work.leave_line(array_fill(new.user_id, array[cardinality(ids)]), ids);
    elsif ids is not null then
        perform work.enter_line(
            array_fill(new.user_id, array[cardinality(ids)]),
            ids,
            array_fill(false, array[cardinality(ids)])
        );
    end if;
    if not new.is_paused then
        insert into work.leftovers (user_id, job_id)
        select j.user_id, j.id
        from work.jobs as j
        where j.user_id = new.user_id
            and j.status = 'queued'
            and j.id <> all (coalesce(ids, '{}'));
    end if;
    return null;
end
$$;
comment on function work.pause_user() is
    'Trigger: a paused user''s queued jobs step out of line, and come back.';

create trigger usages_pause_user
after update of is_paused on work.usages
for each row
when (old.is_paused <> new.is_paused)
execute function work.pause_user();
