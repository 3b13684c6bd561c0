-- Pausing and resuming, by an administrator. What somebody is changing at that moment is passed over: the sweep makes the line
-- agree.
-- depends: 0053.create-history

set local role renderstore_owner;

create function work.follow_pauses()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    locked_ids bigint[];
    lane record;
begin
    select array_agg(k.id) into locked_ids
    from (
        select l.id
        from work.lanes as l
        where l.is_paused <> work.is_lane_paused(l.labels)
        order by l.id
        for no key update
    ) as k;
    -- Asked again of these alone: others would be locked out of order.
    for lane in
        update work.lanes as l
        set is_paused = not l.is_paused
        where l.id = any(locked_ids)
            and l.is_paused <> work.is_lane_paused(l.labels)
        returning l.kind, l.labels, l.is_paused
    loop
        if not lane.is_paused then
            perform work.wake(lane.kind, lane.labels, null);
        end if;
    end loop;
end
$$;
comment on function work.follow_pauses() is
    'Lanes follow the pauses; whoever waits for a resumed one is woken.';

create function work.pause(label text default '', reason text default null)
returns work.pauses
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
    made work.pauses;
begin
    perform work.check_administrator();
    -- One at a time: each sees what the others have paused and resumed.
    lock table work.pauses in share row exclusive mode;
    insert into work.pauses as p (label, reason)
    values (label, reason)
    on conflict on constraint pauses_pkey do update
    set reason = excluded.reason
    returning p.* into made;
    perform work.follow_pauses();
    return made;
end
$$;
comment on function work.pause(text, text) is
    'Hands out none of a label''s jobs from now on, or of the whole farm''s where the label is empty; running ones go on.';

create function work.resume(label text default '')
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
    ended bigint;
begin
    perform work.check_administrator();
    lock table work.pauses in share row exclusive mode;
    delete from work.pauses as p
    where p.label = label;
    get diagnostics ended = row_count;
    perform work.follow_pauses();
    return ended;
end
$$;
comment on function work.resume(text) is
    'Ends a pause of a label, or of the farm where it is empty. Gives how many ended: one or none.';

create function work.pause_user(user_id uuid, reason text default null)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
    waiting uuid[];
begin
    perform work.check_administrator();
    perform identity.check_here(user_id);
    insert into work.user_pauses (user_id, reason)
    values (user_id, reason)
    on conflict on constraint user_pauses_pkey do update
    set reason = excluded.reason;
    select array_agg(j.id) into waiting
    from (
        select j.id
        from work.jobs as j
        where j.user_id = user_id and j.status = 'queued'
        for no key update skip locked
    ) as j;
    if waiting is not null then
        perform work.leave_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting
        );
    end if;
    return coalesce(cardinality(waiting), 0);
end
$$;
comment on function work.pause_user(uuid, text) is
    'Hands out none of a user''s jobs from now on; running ones go on. Gives how many left the line.';

create function work.resume_user(user_id uuid)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
    waiting uuid[];
begin
    perform work.check_administrator();
    perform identity.check_here(user_id);
    delete from work.user_pauses as p
    where p.user_id = user_id;
    if not found then
        return 0;
    end if;
    select array_agg(j.id) into waiting
    from (
        select j.id
        from work.jobs as j
        where j.user_id = user_id
            and j.status = 'queued'
            and not exists (
                select
                from work.ready as r
                where r.user_id = j.user_id and r.job_id = j.id
            )
        for no key update skip locked
    ) as j;
    if waiting is not null then
        perform work.leave_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting
        );
        perform work.enter_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting,
            false,
            true
        );
    end if;
    insert into work.leftovers (user_id, job_id)
    select j.user_id, j.id
    from work.jobs as j
    where j.user_id = user_id
        and j.status = 'queued'
        and j.id <> all (coalesce(waiting, '{}'))
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        );
    return coalesce(cardinality(waiting), 0);
end
$$;
comment on function work.resume_user(uuid) is
    'Hands out a user''s jobs again. Gives how many entered the line.';

grant execute on function
    work.pause(text, text),
    work.resume(text),
    work.pause_user(uuid, text),
    work.resume_user(uuid)
to renderstore_admin;
