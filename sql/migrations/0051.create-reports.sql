-- What a worker says of the jobs it holds. Each report carries the attempt; whoever holds another one, or none, is refused: a
-- single report by an error, a batch by naming what it refused while the rest stands.
-- depends: 0050.create-claim

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
    'Raises the error of a report without the current lease.';

-- The settings here and below hold one plan, a look-up by key for each job: PostgreSQL takes a list for long, and would plan
-- each call anew, which costs more than the call. Security definer: they write what the acting worker holds and nothing else, and
-- policies that ask the same again cost a tenth.
create function work.heartbeat_many(
    user_ids uuid[],
    ids uuid[],
    attempts integer[],
    progresses smallint[] default null,
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
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    update work.jobs as j
    set
        lease_expires_at = now() + lease,
        progress = coalesce(h.progress, j.progress)
    from (
        -- In the order of keys: a submission locks several of them too.
        select listed.*
        from unnest(user_ids, ids, attempts, progresses)
            as listed (user_id, id, attempt, progress)
        order by listed.user_id, listed.id
    ) as h
    where j.user_id = h.user_id
        and j.id = h.id
        and j.attempt = h.attempt
        and j.status = 'running'
        and j.held_by = (select work.current_worker())
    returning
        j.user_id,
        j.id,
        j.cancel_requested_at is not null;
end
$$;
comment on function work.heartbeat_many(uuid[], uuid[], integer[], smallint[], interval) is
    'Extends leases and reports progress; gives each job that is still held and whether it should stop. What is missing in the answer was lost.';

create function work.heartbeat(
    user_id uuid,
    id uuid,
    attempt integer,
    progress smallint default null,
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
comment on function work.heartbeat(uuid, uuid, integer, smallint, interval) is
    'Extends a lease and reports progress; says whether the job should stop. Refused without the current lease.';

create function work.complete_held(user_ids uuid[], ids uuid[], attempts integer[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
declare
    me constant text := work.current_worker();
    completed bigint;
begin
    update work.jobs as j
    set status = 'completed'
    from (
        select listed.*
        from unnest(user_ids, ids, attempts) as listed (user_id, id, attempt)
        order by listed.user_id, listed.id
    ) as h
    where j.user_id = h.user_id
        and j.id = h.id
        and j.attempt = h.attempt
        and j.status = 'running'
        and j.held_by = me;
    get diagnostics completed = row_count;
    return cardinality(ids) - completed;
end
$$;
comment on function work.complete_held(uuid[], uuid[], integer[]) is
    'Completes jobs that the acting worker holds, and says how many it does not hold.';

create function work.list_refused(user_ids uuid[], ids uuid[], attempts integer[])
returns table (user_id uuid, id uuid, attempt integer)
language sql
stable
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
begin atomic
    select
        h.user_id,
        h.id,
        h.attempt
    from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
    where not exists (
        -- By attempt too: a worker may have lost a job and taken it again.
        select
        from work.jobs as j
        where j.user_id = h.user_id
            and j.id = h.id
            and j.attempt = h.attempt
            and j.status = 'completed'
            and j.completed_at = now()
    );
end;
comment on function work.list_refused(uuid[], uuid[], integer[]) is
    'Those of these jobs that this transaction has not completed.';

create function work.finish_many(user_ids uuid[], ids uuid[], attempts integer[])
returns table (user_id uuid, id uuid, attempt integer)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if work.complete_held(user_ids, ids, attempts) > 0 then
        return query
        select
            refused.user_id,
            refused.id,
            refused.attempt
        from work.list_refused(user_ids, ids, attempts) as refused;
    end if;
end
$$;
comment on function work.finish_many(uuid[], uuid[], integer[]) is
    'Completes jobs; gives those it refused because their leases were lost.';

create function work.finish(user_id uuid, id uuid, attempt integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if work.complete_held(array[user_id], array[id], array[attempt]) > 0 then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function work.finish(uuid, uuid, integer) is
    'Completes a job. Refused without the current lease.';

create function work.finish_and_claim(
    user_ids uuid[],
    ids uuid[],
    attempts integer[],
    max_jobs bigint default 1,
    labels text[] default null,
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
begin
    if work.complete_held(user_ids, ids, attempts) > 0 then
        return query
        select
            true,
            refused.user_id,
            refused.id,
            refused.attempt,
            null::work.job_kind,
            null::timestamptz
        from work.list_refused(user_ids, ids, attempts) as refused;
    end if;
    return query
    select
        false,
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.kind,
        claimed.lease_expires_at
    from work.claim(
        max_jobs,
        finish_and_claim.labels,
        finish_and_claim.kinds,
        lease
    ) as claimed;
end
$$;
comment on function work.finish_and_claim(
    uuid[],
    uuid[],
    integer[],
    bigint,
    text[],
    work.job_kind[],
    interval
) is
    'Completes jobs and takes the next ones, in one round trip and one commit; is_refused marks those whose leases were lost.';

create function work.fail(
    user_id uuid,
    id uuid,
    attempt integer,
    error_class text default 'unknown',
    error_message text default null,
    exit_code bigint default null
)
returns work.job_status
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    became work.job_status;
begin
    update work.jobs as j
    set
        failures = j.failures + 1,
        error_class = fail.error_class,
        error_message = left(fail.error_message, 10000),
        exit_code = fail.exit_code,
        status = case
            when j.cancel_requested_at is not null then 'cancelled'::work.job_status
            when j.failures + 1 >= j.max_failures then 'failed'
            when not coalesce(
                (
                    select c.is_retried
                    from work.error_classes as c
                    where c.name = fail.error_class
                ),
                true
            ) then 'failed'
            else 'pending'
        end,
        -- Doubled for each failure, up to a day, spread by half so that what fell together does not rise together.
        due_at = now() + least(j.backoff_s * 2 ^ least(j.failures, 20), 86400)
            * (0.5 + random()) * interval '1 second'
    where j.user_id = fail.user_id
        and j.id = fail.id
        and j.attempt = fail.attempt
        and j.status = 'running'
        and j.held_by = work.current_worker()
    returning j.status into became;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    return became;
end
$$;
comment on function work.fail(uuid, uuid, integer, text, text, bigint) is
    'Says that an attempt failed; the job is tried again later, or has failed, or is cancelled if somebody asked. Refused without the current lease.';

create function work.stop(user_id uuid, id uuid, attempt integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update work.jobs as j
    set status = 'cancelled'
    where j.user_id = stop.user_id
        and j.id = stop.id
        and j.attempt = stop.attempt
        and j.status = 'running'
        and j.held_by = work.current_worker();
    if not found then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function work.stop(uuid, uuid, integer) is
    'Says that a job was stopped because somebody asked to cancel it. Refused without the current lease.';

create function work.release(user_id uuid, id uuid, attempt integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    update work.jobs as j
    set status = case
        when j.cancel_requested_at is null then 'queued'::work.job_status
        else 'cancelled'
    end
    where j.user_id = release.user_id
        and j.id = release.id
        and j.attempt = release.attempt
        and j.status = 'running'
        and j.held_by = work.current_worker();
    if not found then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function work.release(uuid, uuid, integer) is
    'Gives a job back unfinished, as a worker does that shuts down: it goes to the head of its line and costs no try. Refused without the current lease.';

grant execute on function
    work.refuse_lost_lease(),
    work.heartbeat_many(uuid[], uuid[], integer[], smallint[], interval),
    work.heartbeat(uuid, uuid, integer, smallint, interval),
    work.complete_held(uuid[], uuid[], integer[]),
    work.list_refused(uuid[], uuid[], integer[]),
    work.finish_many(uuid[], uuid[], integer[]),
    work.finish(uuid, uuid, integer),
    work.finish_and_claim(
        uuid[],
        uuid[],
        integer[],
        bigint,
        text[],
        work.job_kind[],
        interval
    ),
    work.fail(uuid, uuid, integer, text, text, bigint),
    work.stop(uuid, uuid, integer),
    work.release(uuid, uuid, integer)
to renderstore_worker;
