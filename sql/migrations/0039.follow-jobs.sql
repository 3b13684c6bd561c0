-- What follows every statement that writes jobs, whoever writes: charges, places in line, events, and what waits for them.
-- A statement at a time. Rows are locked in one order: jobs by key, then usages, turns, lanes, ready.
-- depends: 0038.charge-jobs

set local role renderstore_owner;

create function work.admit_jobs()
returns trigger
language plpgsql
security definer
set search_path = ''
set enable_seqscan = off
as $$
declare
    owner record;
    line record;
    charged record;
    lane work.lanes;
    first_turn bigint;
begin
    for owner in
        select user_id, count(*) as jobs, max(priority) as top_priority
        from new_jobs
        group by user_id
        order by user_id
    loop
        select * into charged
        from work.charge_jobs(owner.user_id, owner.jobs, owner.top_priority, true);
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

-- Without nested loops: the cached plan may come from a statement of one row.
create function work.follow_jobs()
returns trigger
language plpgsql
security definer
set search_path = ''
set enable_nestloop = off
as $$
declare
    seen record;
    owner record;
begin
    with moved as materialized (
        select
            n.user_id,
            n.id,
            n.attempt,
            n.has_dependants,
            case when o.status = 'running' or n.status = 'failed' then n.error_class end as error_class,
            case
                when n.status = 'cancelled' then n.cancel_reason
                when o.status = 'running' or n.status = 'failed' then n.error_message
            end as reason,
            o.status as before,
            n.status as after,
            case when o.status = 'running' then o.started_at end as began_at,
            o.held_by
        from new_jobs as n
        join old_jobs as o on o.user_id = n.user_id and o.id = n.id
        where o.status <> n.status
    ),

    noted as (
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
            user_id,
            id,
            attempt,
            before,
            after,
            began_at,
            held_by,
            identity.current_actor(),
            case when after in ('failed', 'pending', 'queued') then error_class end,
            case when after <> 'completed' then reason end
        from moved
        where after <> 'running'
    )

    select
        array_agg(user_id) filter (where before = 'queued') as left_users,
        array_agg(id) filter (where before = 'queued') as left_ids,
        array_agg(user_id) filter (where after = 'queued') as entered_users,
        array_agg(id) filter (where after = 'queued') as entered_ids,
        array_agg(before = 'running')
            filter (where after = 'queued') as entered_at_head,
        array_agg(user_id)
            filter (where before in ('failed', 'cancelled')) as again_users,
        array_agg(user_id) filter (
            where has_dependants and after in ('completed', 'failed', 'cancelled')
        ) as ended_users,
        array_agg(id) filter (
            where has_dependants and after in ('completed', 'failed', 'cancelled')
        ) as ended_ids
    into seen
    from moved;

    if seen.again_users is not null then
        for owner in
            select user_id, count(*) as jobs
            from unnest(seen.again_users) as again (user_id)
            group by user_id
            order by user_id
        loop
            perform work.charge_jobs(owner.user_id, owner.jobs, 0::smallint, false);
        end loop;
    end if;
    if seen.left_ids is not null then
        perform work.leave_line(seen.left_users, seen.left_ids);
    end if;
    if seen.entered_ids is not null then
        perform work.enter_line(
            seen.entered_users,
            seen.entered_ids,
            seen.entered_at_head
        );
    end if;
    if seen.ended_ids is not null then
        -- Who holds one job may wait for a later one. Who holds several, as a batch, a sweep or what
        -- follows from another statement does, would meet somebody who waits the other way round.
        perform work.settle_dependants(
            seen.ended_users,
            seen.ended_ids,
            pg_trigger_depth() = 1
            and identity.current_actor() <> 'sweep'
            and (select count(*) from new_jobs) = 1
        );
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
set search_path = ''
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
set search_path = ''
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
set search_path = ''
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
        insert into work.strays (user_id, job_id)
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
