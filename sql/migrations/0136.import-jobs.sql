-- The door by which jobs of another system enter. What has ended comes with the event of its end and touches neither the line nor a
-- quota of today; what waits enters the line as a submission does. A kind's own import calls it and puts the specification beside.
-- depends: 0135.import-sign-in

set local role renderstore_owner;

create function work.import_jobs(kind work.job_kind, jobs jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    waiting record;
begin
    -- What orders the calls of one user comes first, as in a submission; whoever holds it is not waited for long.
    perform work.lock_owner(listed.user_id)
    from (
        select distinct (j.value ->> 'user_id')::uuid as user_id
        from jsonb_array_elements(jobs) as j (value)
        where j.value ->> 'status' = 'queued'
        order by 1
    ) as listed;

    with given as materialized (
        select *
        from jsonb_to_recordset(jobs) as j (
            user_id uuid,
            id uuid,
            status work.job_status,
            priority integer,
            progress integer,
            was_run boolean,
            estimated_s integer,
            auto_cancel_at timestamptz,
            queued_at timestamptz,
            started_at timestamptz,
            completed_at timestamptz,
            error_message text,
            cancel_reason text,
            log text
        )
    ),

    made as (
        insert into work.jobs (
            user_id,
            id,
            kind,
            status,
            priority,
            progress,
            attempt,
            failures,
            estimated_s,
            auto_cancel_at,
            queued_at,
            started_at,
            completed_at,
            cancel_requested_at,
            submitted_by,
            error_class,
            error_message,
            cancel_reason
        )
        select
            j.user_id,
            j.id,
            kind,
            j.status,
            j.priority,
            j.progress,
            j.was_run::integer,
            (j.status = 'failed')::integer,
            j.estimated_s,
            j.auto_cancel_at,
            j.queued_at,
            j.started_at,
            j.completed_at,
            case j.status when 'cancelled' then j.completed_at end,
            'user:' || j.user_id,
            case j.status when 'failed' then 'unknown' end,
            j.error_message,
            j.cancel_reason
        from given as j
    ),

    noted as (
        insert into work.events (
            user_id,
            job_id,
            attempt,
            before,
            after,
            happened_at,
            began_at,
            actor,
            error_class,
            reason
        )
        select
            j.user_id,
            j.id,
            j.was_run::integer,
            case when j.was_run then 'running'::work.job_status else 'queued' end,
            j.status,
            j.completed_at,
            j.started_at,
            identity.current_actor(),
            case j.status when 'failed' then 'unknown' end,
            case j.status when 'cancelled' then j.cancel_reason else j.error_message end
        from given as j
        where j.completed_at is not null
        order by j.completed_at, j.id
    ),

    logged as (
        insert into work.logs (user_id, job_id, position, attempt, chunk, written_at)
        select
            j.user_id,
            j.id,
            octet_length(left(j.log, nth * 250000)),
            j.was_run::integer,
            substr(j.log, nth * 250000 + 1, 250000),
            coalesce(j.completed_at, j.queued_at)
        from given as j
        -- Four bytes a character at most: a chunk has less than 1 MiB.
        cross join lateral generate_series(0, (length(j.log) - 1) / 250000) as nth
        where j.log <> ''
    )

    select
        array_agg(j.user_id order by j.id) as users,
        array_agg(j.id order by j.id) as ids
    into waiting
    from given as j
    where j.status = 'queued';

    if waiting.ids is not null then
        update work.usages as u
        set active_jobs = u.active_jobs + counted.jobs
        from (
            select listed.user_id, count(*) as jobs
            from unnest(waiting.users) as listed (user_id)
            group by listed.user_id
        ) as counted
        where u.user_id = counted.user_id;
        perform work.enter_line(waiting.users, waiting.ids, false, true);
    end if;
end
$$;
comment on function work.import_jobs(work.job_kind, jsonb) is
    'Makes jobs that come from another system, without their specifications: ended ones with the event of their end, waiting ones in line.';
