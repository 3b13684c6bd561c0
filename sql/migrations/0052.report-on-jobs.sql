-- What a worker says of the jobs it holds. Each report carries the attempt; whoever holds another one, or none, is refused: a
-- single report by an error, a batch by naming what it refused while the rest stands. A report never waits: where somebody
-- else has the job's row locked, it is noted in work.reports and as good as given.
-- depends: 0051.end-runs

set local role renderstore_owner;

create function work.refuse_lost_lease()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'RS008',
        message = 'This job''s lease was lost: somebody else may hold it by now.';
end
$$;
comment on function work.refuse_lost_lease() is
    'Refuses a report that came without the current lease.';

create function work.check_lease(user_id uuid, job_id uuid, attempt integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = job_id
        and j.attempt = attempt
        and j.status = 'running'
        and j.held_by = work.acting_worker();
    if not found then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function work.check_lease(uuid, uuid, integer) is
    'Refuses a worker without the job''s current lease.';

-- The job's row is locked where it is free, so that no sweep takes the job away meanwhile; where somebody has it, no sweep can.
create function work.hold_lease(user_id uuid, job_id uuid, attempt integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = job_id
        and j.attempt = attempt
        and j.held_by = work.acting_worker()
    for no key update skip locked;
    perform work.check_lease(user_id, job_id, attempt);
end
$$;
comment on function work.hold_lease(uuid, uuid, integer) is
    'Refuses a worker without the job''s current lease, and keeps the sweep away for the rest of the transaction.';

create function work.note_report(
    user_id uuid,
    id uuid,
    attempt integer,
    worker text,
    outcome work.outcome,
    lease_expires_at timestamptz default null,
    error_class text default null,
    error_message text default null,
    exit_code bigint default null
)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    insert into work.reports as r (
        user_id,
        job_id,
        attempt,
        held_by,
        outcome,
        lease_expires_at,
        error_class,
        error_message,
        exit_code
    )
    select
        j.user_id,
        j.id,
        j.attempt,
        j.held_by,
        outcome,
        lease_expires_at,
        error_class,
        left(error_message, 10000),
        exit_code
    from work.jobs as j
    where j.user_id = user_id
        and j.id = id
        and j.attempt = attempt
        and case j.status
            when 'running' then outcome is distinct from 'accepted'
            when 'validating' then outcome is distinct from 'completed'
            else false
        end
        and j.held_by = worker
    on conflict on constraint reports_pkey do update
    set
        attempt = excluded.attempt,
        held_by = excluded.held_by,
        actor = excluded.actor,
        outcome = excluded.outcome,
        lease_expires_at = excluded.lease_expires_at,
        error_class = excluded.error_class,
        error_message = excluded.error_message,
        exit_code = excluded.exit_code,
        reported_at = excluded.reported_at
    where r.attempt < excluded.attempt or r.outcome is null;
    if not found then
        return false;
    end if;
    -- Asked after the insert, which waited for a sweep that took the job away.
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = id
        and j.attempt = attempt
        and j.status in ('running', 'validating')
        and j.held_by = worker;
    if not found then
        delete from work.reports as r
        where r.user_id = user_id and r.job_id = id and r.attempt = attempt;
        return false;
    end if;
    return true;
end
$$;
comment on function work.note_report(
    uuid,
    uuid,
    integer,
    text,
    work.outcome,
    timestamptz,
    text,
    text,
    bigint
) is
    'Notes a report of a job that the worker holds, but whose row somebody else has locked; false where it holds it no more, or has reported its end.';

-- The settings here and below hold one plan, a look-up by key for each job: PostgreSQL takes a list for long, and would plan
-- each call anew, which costs more than the call. Security definer: they write what the acting worker holds and nothing else.
create function work.heartbeat_many(
    user_ids uuid[],
    ids uuid[],
    attempts integer[],
    progresses integer[] default null,
    lease interval default '60 seconds'
)
returns table (user_id uuid, id uuid, is_cancel_requested boolean)
language plpgsql
volatile
security definer
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
    until constant timestamptz := now() + lease::work.lease;
    asked constant bigint := cardinality(ids)::work.batch_size;
    extended bigint;
begin
    return query
    with held as materialized (
        select j.user_id, j.id, h.progress
        from unnest(user_ids, ids, attempts, progresses)
            as h (user_id, id, attempt, progress)
        join work.jobs as j
            on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
        where j.status in ('running', 'validating') and j.held_by = me
        for no key update of j skip locked
    )
    update work.jobs as j
    set
        lease_expires_at = until,
        progress = greatest(j.progress, held.progress)
    from held
    where j.user_id = held.user_id and j.id = held.id
    returning j.user_id, j.id, j.cancel_requested_at is not null;
    get diagnostics extended = row_count;
    if extended = asked then
        return;
    end if;
    for user_id, id, is_cancel_requested, extended in
        select j.user_id, j.id, j.cancel_requested_at is not null, j.attempt
        from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
        join work.jobs as j
            on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
        where j.status in ('running', 'validating')
            and j.held_by = me
            and j.lease_expires_at <> until
    loop
        perform work.note_report(user_id, id, extended::integer, me, null, until);
        return next;
    end loop;
end
$$;
comment on function work.heartbeat_many(
    uuid[],
    uuid[],
    integer[],
    integer[],
    interval
) is
    'Extends the leases of jobs that the acting worker holds, and notes their progress; gives each that is still held, and whether somebody asked to cancel it. What is missing was lost.';

create function work.heartbeat(
    user_id uuid,
    id uuid,
    attempt integer,
    progress integer default null,
    lease interval default '60 seconds'
)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    stop boolean;
begin
    select beat.is_cancel_requested into stop
    from work.heartbeat_many(
        array[heartbeat.user_id],
        array[heartbeat.id],
        array[heartbeat.attempt],
        array[heartbeat.progress],
        heartbeat.lease
    ) as beat;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    return stop;
end
$$;
comment on function work.heartbeat(uuid, uuid, integer, integer, interval) is
    'Extends a lease and notes progress; whether the worker should stop.';

-- A link that is committed at this moment may not be seen here: whoever linked has noted it for the sweep.
create function work.complete_held(user_ids uuid[], ids uuid[], attempts integer[])
returns bigint[]
language plpgsql
volatile
security definer
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
    asked constant bigint := cardinality(ids)::work.batch_size;
    done record;
    done_ids uuid[];
    patience bigint;
begin
    loop
        with held as materialized (
            select j.user_id, j.id
            from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
            join work.jobs as j
                on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
            where j.status = 'running' and j.held_by = me
            for no key update of j skip locked
        ),
        ended as (
            update work.jobs as j
            set
                status = 'completed',
                completed_at = now(),
                progress = 100,
                exit_code = 0,
                held_by = null,
                lease_expires_at = null
            from held
            where j.user_id = held.user_id and j.id = held.id
            returning j.user_id, j.id, j.attempt, j.started_at, j.is_watched
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
                actor
            )
            select
                ended.user_id,
                ended.id,
                ended.attempt,
                'running',
                'completed',
                ended.started_at,
                me,
                identity.current_actor()
            from ended
        )
        select
            array_agg(ended.id) as ids,
            array_agg(ended.id) filter (where ended.is_watched) as watched_ids,
            array_agg(ended.id) filter (
                where exists (
                    select
                    from work.dependencies as d
                    where d.user_id = ended.user_id and d.needs_job_id = ended.id
                )
            ) as needed_ids
        into done
        from ended;
        if done.needed_ids is not null then
            perform work.settle(array_agg(h.user_id), array_agg(h.id), true)
            from unnest(user_ids, ids) as h (user_id, id)
            where h.id = any(done.needed_ids);
        end if;
        if done.watched_ids is not null then
            perform pg_notify(work.end_channel(watched.id), '')
            from unnest(done.watched_ids) as watched (id);
        end if;
        if cardinality(done.ids) = asked then
            return null;
        end if;
        -- Not to wait, but to meet a heartbeat of its own only once.
        done_ids := done_ids || done.ids;
        patience := coalesce(patience, 0) + 1;
        exit when patience > 3
            or not exists (
                select
                from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
                join work.jobs as j
                    on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
                where j.status = 'running' and j.held_by = me
            );
        perform pg_sleep(0.005);
    end loop;
    return (
        select array_agg(h.nth)
        from unnest(user_ids, ids, attempts) with ordinality
            as h (user_id, id, attempt, nth)
        where not exists (
                select
                from unnest(done_ids) as done (id)
                join work.jobs as j on j.user_id = h.user_id and j.id = done.id
                where done.id = h.id and j.attempt = h.attempt
            )
            and not work.note_report(h.user_id, h.id, h.attempt, me, 'completed')
    );
end
$$;

comment on function work.complete_held(uuid[], uuid[], integer[]) is
    'Completes what of these the acting worker holds; gives the places in the lists of the others, whose leases were lost, and null where there is none.';

create function work.finish_many(user_ids uuid[], ids uuid[], attempts integer[])
returns table (user_id uuid, id uuid, attempt integer)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        finish_many.user_ids[refused.nth],
        finish_many.ids[refused.nth],
        finish_many.attempts[refused.nth]
    from unnest(work.complete_held(user_ids, ids, attempts)) as refused (nth);
end
$$;

comment on function work.finish_many(uuid[], uuid[], integer[]) is
    'Completes jobs, and gives those that were refused because their leases were lost.';

create function work.finish(user_id uuid, id uuid, attempt integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if work.complete_held(array[user_id], array[id], array[attempt]) is not null then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function work.finish(uuid, uuid, integer) is
    'Completes a job; refused without the current lease.';

create function work.finish_and_claim(
    user_ids uuid[],
    ids uuid[],
    attempts integer[],
    max_jobs bigint default 1,
    kinds work.job_kind[] default null,
    lease interval default '60 seconds'
)
returns table (
    is_refused boolean,
    user_id uuid,
    id uuid,
    attempt integer,
    kind work.job_kind,
    lease_expires_at timestamptz
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    refused constant bigint[] := work.complete_held(user_ids, ids, attempts);
begin
    if refused is not null then
        return query
        select
            true,
            finish_and_claim.user_ids[lost.nth],
            finish_and_claim.ids[lost.nth],
            finish_and_claim.attempts[lost.nth],
            null::work.job_kind,
            null::timestamptz
        from unnest(refused) as lost (nth);
    end if;
    return query
    select
        false,
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.kind,
        claimed.lease_expires_at
    from work.claim(max_jobs, finish_and_claim.kinds, lease) as claimed;
end
$$;
comment on function work.finish_and_claim(
    uuid[],
    uuid[],
    integer[],
    bigint,
    work.job_kind[],
    interval
) is
    'Completes jobs and takes the next ones; is_refused marks those whose leases were lost.';

create function work.report(
    user_id uuid,
    id uuid,
    attempt integer,
    outcome work.outcome,
    error_class text default null,
    error_message text default null,
    exit_code bigint default null
)
returns work.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    me constant text := work.acting_worker();
    job work.jobs;
begin
    if outcome = 'lost' then
        raise exception using
            errcode = '42501',
            message = 'Only the sweep finds a worker silent.';
    end if;
    for patience in 1 .. 4 loop
        select * into job
        from work.jobs as j
        where j.user_id = user_id
            and j.id = id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = me
        for no key update skip locked;
        if found then
            if outcome = 'accepted' and job.status = 'running' then
                raise exception using
                    errcode = 'RS005',
                    message = 'Only a job that is validated is accepted; this one runs.';
            end if;
            return work.end_run(
                job,
                outcome,
                error_class,
                error_message,
                exit_code
            );
        end if;
        select * into job
        from work.jobs as j
        where j.user_id = user_id
            and j.id = id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = me;
        exit when not found;
        perform pg_sleep(0.005);
    end loop;
    if job.id is null
        or not work.note_report(
            user_id,
            id,
            attempt,
            me,
            outcome,
            null,
            error_class,
            error_message,
            exit_code
        )
    then
        perform work.refuse_lost_lease();
    end if;
    return work.status_after(job, outcome, error_class);
end
$$;
comment on function work.report(
    uuid,
    uuid,
    integer,
    work.outcome,
    text,
    text,
    bigint
) is
    'Ends the acting worker''s hold of a job; what becomes of it.';

create function work.accept(user_id uuid, id uuid, attempt integer)
returns work.job_status
language sql
volatile
begin atomic
    select work.report(user_id, id, attempt, 'accepted');
end;
comment on function work.accept(uuid, uuid, integer) is
    'Says that a job which the worker looked at is valid; what becomes of it. Refused without the current lease.';

create function work.fail(
    user_id uuid,
    id uuid,
    attempt integer,
    error_class text default 'unknown',
    error_message text default null,
    exit_code bigint default null
)
returns work.job_status
language sql
volatile
begin atomic
    select work.report(
        user_id,
        id,
        attempt,
        'failed',
        coalesce(error_class, 'unknown'),
        error_message,
        exit_code
    );
end;
comment on function work.fail(uuid, uuid, integer, text, text, bigint) is
    'Says that an attempt failed. The job waits for another try, or has failed; what became of it. Refused without the current lease.';

create function work.stop(user_id uuid, id uuid, attempt integer)
returns void
language sql
volatile
begin atomic
    select work.report(user_id, id, attempt, 'stopped');
end;
comment on function work.stop(uuid, uuid, integer) is
    'Says that a job was stopped because somebody asked to cancel it. Refused without the current lease.';

create function work.release(user_id uuid, id uuid, attempt integer)
returns void
language sql
volatile
begin atomic
    select work.report(user_id, id, attempt, 'released');
end;
comment on function work.release(uuid, uuid, integer) is
    'Gives a job back unfinished, to the head of its line. Refused without the current lease.';

grant execute on function
    work.refuse_lost_lease(),
    work.heartbeat_many(uuid[], uuid[], integer[], integer[], interval),
    work.heartbeat(uuid, uuid, integer, integer, interval),
    work.complete_held(uuid[], uuid[], integer[]),
    work.finish_many(uuid[], uuid[], integer[]),
    work.finish(uuid, uuid, integer),
    work.finish_and_claim(
        uuid[],
        uuid[],
        integer[],
        bigint,
        work.job_kind[],
        interval
    ),
    work.report(uuid, uuid, integer, work.outcome, text, text, bigint),
    work.accept(uuid, uuid, integer),
    work.fail(uuid, uuid, integer, text, text, bigint),
    work.stop(uuid, uuid, integer),
    work.release(uuid, uuid, integer)
to renderstore_worker;
