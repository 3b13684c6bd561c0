-- What people ask of their jobs. Each call changes the job under its lock and answers what it became; a job that has ended says so.
-- Locks are taken in one order: the owner's row in work.usages, then jobs. An administrator never queues for a lock: who finds a
-- job of somebody else locked looks again for a second, and is then told so.
-- depends: 0046.submit-jobs

set local role renderstore_owner;

create function work.lock_owner(owner uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into work.usages (user_id, active_jobs)
    select owner, work.count_active(owner)
    where not exists (
        select
        from work.usages as u
        where u.user_id = owner
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from work.usages as u
        where u.user_id = owner
        for no key update;
        return;
    end if;
    for patience in 1 .. 100 loop
        perform
        from work.usages as u
        where u.user_id = owner
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;
comment on function work.lock_owner(uuid) is
    'Locks what orders the calls of one user.';

create function work.refuse_held_job()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise lock_not_available using
        message = 'Somebody is changing this job at this moment; try again.';
end
$$;
comment on function work.refuse_held_job() is
    'Refuses to wait any longer for a job that somebody else holds.';

create function work.lock_job(owner uuid, id uuid)
returns work.jobs
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    if owner = identity.current_user_id() then
        perform work.lock_owner(owner);
        select * into job
        from work.jobs as j
        where j.user_id = owner and j.id = id
        for no key update;
        if found then
            return job;
        end if;
    end if;
    for patience in 1 .. 100 loop
        select * into job
        from work.jobs as j
        where j.user_id = owner and j.id = id
        for no key update skip locked;
        if found then
            return job;
        end if;
        perform
        from work.jobs as j
        where j.user_id = owner and j.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no job with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    perform work.refuse_held_job();
end
$$;
comment on function work.lock_job(uuid, uuid) is
    'A user''s job, locked for the rest of the transaction; refuses where there is none.';

create function work.is_stranger(owner uuid)
returns boolean
language sql
stable
return owner is distinct from identity.current_user_id();
comment on function work.is_stranger(uuid) is
    'Whether somebody else than the owner acts, who takes places in line as the farm does: the owner may hold the own ones.';

create function work.owner_of(id uuid, user_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    if current_setting('role') = 'renderstore_admin' and user_id is null then
        return (
            select j.user_id
            from work.jobs as j
            where j.status = any(enum_range(null::work.job_status)) and j.id = id
        );
    end if;
    return work.acting_owner(user_id);
end
$$;
comment on function work.owner_of(uuid, uuid) is
    'The user whose job is meant: the bound one, or, for an administrator, the one that is named, else the job''s own.';

-- The room that keeps the trail replaces it.
create function work.note_asked(
    job work.jobs,
    asked text,
    before jsonb,
    after jsonb
)
returns void
language sql
volatile
begin atomic
    select;
end;
comment on function work.note_asked(work.jobs, text, jsonb, jsonb) is
    'Keeps that somebody asked something of a job, and what it changed.';

create function work.note_cancel(job work.jobs)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Asked once more, it is asked no more than before.
    if job.completed_at is null and job.cancel_requested_at is null then
        perform work.note_asked(
            job,
            'cancel',
            jsonb_build_object('status', job.status),
            jsonb_build_object(
                'status',
                case
                    when job.status in ('pending', 'queued') then 'cancelled'
                    else job.status
                end
            )
        );
    end if;
end
$$;
comment on function work.note_cancel(work.jobs) is
    'Keeps that somebody asked to cancel a job, as it was before.';

create function work.cancel(
    id uuid,
    reason text default null,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status in ('pending', 'queued') then
        perform work.cancel_waiting(
            array[job.user_id],
            array[job.id],
            reason,
            work.is_stranger(job.user_id)
        );
    elsif job.status in ('running', 'validating') then
        update work.jobs as j
        set
            cancel_requested_at = coalesce(j.cancel_requested_at, now()),
            cancel_reason = coalesce(reason, j.cancel_reason)
        where j.user_id = job.user_id and j.id = job.id;
    elsif job.status <> 'cancelled' then
        raise exception using
            errcode = 'RS005',
            message = format('This job has already %s.', job.status);
    end if;
    select j.status into status
    from work.jobs as j
    where j.user_id = job.user_id and j.id = job.id;
    perform work.note_cancel(job);
end
$$;
comment on function work.cancel(uuid, text, uuid) is
    'Asks to cancel a job: a waiting one is cancelled at once, a running one when its worker stops. Gives the status it has now.';

create function work.lock_to_charge(id uuid, user_id uuid)
returns work.jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    owner constant uuid := work.owner_of(id, user_id);
begin
    -- First, as a submission.
    if owner is not null then
        perform work.lock_owner(owner);
    end if;
    return work.lock_job(owner, id);
end
$$;
comment on function work.lock_to_charge(uuid, uuid) is
    'A job and its owner''s use, locked in this order, for what charges it anew.';

create function work.ask_again(job work.jobs)
returns work.job_status
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    needs constant bigint := work.count_needs(job.user_id, job.id);
    became work.job_status;
begin
    perform work.charge_jobs(job.user_id, 1, job.priority, false);
    -- It begins anew, but for its attempts.
    update work.jobs as j
    set
        status = case
            when needs > 0 or j.is_unchecked or j.due_at > now()
                then 'pending'::work.job_status
            else 'queued'
        end,
        needs_left = needs,
        completed_at = null,
        queued_at = now(),
        started_at = null,
        progress = 0,
        failures = 0,
        lost_leases = 0,
        exit_code = null,
        error_class = null,
        error_message = null,
        cancel_requested_at = null,
        cancel_reason = null,
        auto_cancel_at = case when j.auto_cancel_at > now() then j.auto_cancel_at end
    where j.user_id = job.user_id and j.id = job.id
    returning j.status into became;
    insert into work.events (user_id, job_id, attempt, before, after, actor)
    values (
        job.user_id,
        job.id,
        job.attempt,
        job.status,
        became,
        identity.current_actor()
    );
    if became = 'queued' then
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            false,
            work.is_stranger(job.user_id)
        );
    end if;
    perform work.note_asked(
        job,
        'try_again',
        jsonb_build_object('status', job.status),
        jsonb_build_object('status', became)
    );
    -- One that it needs may have ended while this waited for its turn; what waits for it has to wait again.
    insert into work.leftovers (user_id, job_id)
    select job.user_id, job.id
    where needs > 0
    union all
    select d.user_id, d.job_id
    from work.dependencies as d
    where job.status = 'completed'
        and d.user_id = job.user_id
        and d.needs_job_id = job.id;
    return became;
end
$$;
comment on function work.ask_again(work.jobs) is
    'A job that had ended, which the caller has locked after its owner''s use, waits anew. Gives the status it has now.';

create function work.try_again(
    id uuid,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_to_charge(id, user_id);
    if job.status not in ('failed', 'cancelled') then
        raise exception using
            errcode = 'RS005',
            message = format('A %s job cannot be tried again: only one that failed or was cancelled.', job.status);
    end if;
    status := work.ask_again(job);
end
$$;
comment on function work.try_again(uuid, uuid) is
    'A job that had failed or was cancelled waits anew. Gives the status it has now.';

create function work.set_priority(
    id uuid,
    priority integer,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.status not in ('pending', 'validating', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('Only a waiting job can be given another priority; this one is %s.', job.status);
    end if;
    perform work.check_plan_priority(p.name, priority, p.max_priority)
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where o.id = job.user_id;
    if job.priority = priority then
        return;
    end if;
    update work.jobs as j
    set priority = priority
    where j.user_id = job.user_id and j.id = job.id;
    perform work.note_asked(
        job,
        'set_priority',
        jsonb_build_object('priority', job.priority),
        jsonb_build_object('priority', priority)
    );
    if job.status = 'queued' then
        perform work.leave_line(array[job.user_id], array[job.id]);
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            false,
            work.is_stranger(job.user_id)
        );
    end if;
end
$$;
comment on function work.set_priority(uuid, integer, uuid) is
    'Gives a waiting job another priority, within the plan. Gives its status.';

create function work.set_due(
    id uuid,
    due_at timestamptz,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status not in ('pending', 'validating', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('Only a waiting job can be given another time; this one is %s.', job.status);
    end if;
    update work.jobs as j
    set due_at = due_at
    where j.user_id = job.user_id and j.id = job.id;
    perform work.renew(
        array[job.user_id],
        array[job.id],
        work.is_stranger(job.user_id)
    );
    select j.status into status
    from work.jobs as j
    where j.user_id = job.user_id and j.id = job.id;
end
$$;
comment on function work.set_due(uuid, timestamptz, uuid) is
    'A waiting job starts no earlier than this; null for at once. Gives the status it has now.';

create function work.set_auto_cancel(
    id uuid,
    auto_cancel_at timestamptz,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.completed_at is not null then
        raise exception using
            errcode = 'RS005',
            message = format('This job has already ended: it is %s.', job.status);
    end if;
    update work.jobs as j
    set auto_cancel_at = auto_cancel_at
    where j.user_id = job.user_id and j.id = job.id;
end
$$;
comment on function work.set_auto_cancel(uuid, timestamptz, uuid) is
    'A job that has not ended by then is cancelled by itself; null for never. Gives its status.';

create function work.watch(
    id uuid,
    user_id uuid default null,
    out status work.job_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.completed_at is null and not job.is_watched then
        update work.jobs as j
        set is_watched = true
        where j.user_id = job.user_id and j.id = job.id;
    end if;
end
$$;
comment on function work.watch(uuid, uuid) is
    'The end of a job will be announced on its work.end_channel. Gives its status: one that has ended announces nothing more.';

create function work.link(
    id uuid,
    needs_job_ids uuid[],
    on_failure work.dependency_rule default 'cancel',
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status not in ('pending', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = 'What a job waits for is named before it begins; this one has begun.';
    end if;
    return work.link_needs(job.user_id, job.id, needs_job_ids, on_failure);
end
$$;
comment on function work.link(uuid, uuid[], work.dependency_rule, uuid) is
    'A waiting job waits for these earlier ones too. Gives how many links were made.';

create function work.unlink(
    id uuid,
    needs_job_ids uuid[],
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
    unlinked bigint;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    delete from work.dependencies as d
    where d.user_id = job.user_id
        and d.job_id = job.id
        and d.needs_job_id = any(needs_job_ids);
    get diagnostics unlinked = row_count;
    perform work.renew(
        array[job.user_id],
        array[job.id],
        work.is_stranger(job.user_id)
    );
    return unlinked;
end
$$;
comment on function work.unlink(uuid, uuid[], uuid) is
    'A job waits for these no more. Gives how many links were taken away.';

-- A row that hangs on one of them may be held, and then it stays alone: the others go.
create function work.delete_free(owner uuid, ids uuid[])
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
-- The shortest there is: whoever deletes for somebody else waits for nothing of theirs.
set lock_timeout = '1ms'
as $$
declare
    half constant integer := cardinality(ids) / 2;
    deleted bigint;
begin
    delete from work.jobs as j
    where j.user_id = owner and j.id = any(ids);
    get diagnostics deleted = row_count;
    return deleted;
exception
    when lock_not_available then
        if half = 0 then
            return 0;
        end if;
        return work.delete_free(owner, ids[:half])
            + work.delete_free(owner, ids[half + 1:]);
end
$$;
comment on function work.delete_free(uuid, uuid[]) is
    'Deletes those of a user''s jobs of which nobody holds a row, with all that hangs on them. Gives how many.';

create function work.delete(id uuid, user_id uuid default null)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
    hanging uuid[];
    deleted bigint;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status in ('running', 'validating') then
        raise exception using
            errcode = 'RS005',
            message = 'A running job is cancelled before it is deleted.';
    end if;
    select array_agg(d.job_id) into hanging
    from work.dependencies as d
    where d.user_id = job.user_id and d.needs_job_id = job.id;
    if work.is_stranger(job.user_id) then
        for patience in 1 .. 100 loop
            deleted := work.delete_free(job.user_id, array[job.id]);
            exit when deleted > 0;
            perform pg_sleep(0.01);
        end loop;
        if deleted = 0 then
            perform work.refuse_held_job();
        end if;
    else
        delete from work.jobs as j
        where j.user_id = job.user_id and j.id = job.id;
    end if;
    perform work.note_asked(
        job,
        'delete',
        jsonb_build_object('status', job.status),
        null
    );
    if job.is_watched then
        perform pg_notify(work.end_channel(job.id), '');
    end if;
    if hanging is null then
        return;
    end if;
    -- They wait for one job less.
    insert into work.leftovers (user_id, job_id)
    select job.user_id, listed.id
    from unnest(hanging) as listed (id);
    select array_agg(j.id) into hanging
    from (
        select j.id
        from work.jobs as j
        where j.user_id = job.user_id
            and j.id = any(hanging)
            and j.status in ('pending', 'queued')
        for no key update skip locked
    ) as j;
    if hanging is not null then
        perform work.renew(
            array_fill(job.user_id, array[cardinality(hanging)]),
            hanging,
            work.is_stranger(job.user_id)
        );
    end if;
end
$$;
comment on function work.delete(uuid, uuid) is
    'Deletes a job with all that hangs on it; what waited for it waits no more.';

grant execute on function
    work.cancel(uuid, text, uuid),
    work.try_again(uuid, uuid),
    work.set_priority(uuid, integer, uuid),
    work.set_due(uuid, timestamptz, uuid),
    work.set_auto_cancel(uuid, timestamptz, uuid),
    work.watch(uuid, uuid),
    work.link(uuid, uuid[], work.dependency_rule, uuid),
    work.unlink(uuid, uuid[], uuid),
    work.delete(uuid, uuid)
to renderstore_app, renderstore_admin;
