-- How a worker's hold of one job ends, whoever says so: its worker, the sweep that finds it silent, the sweep that carries over a
-- report. The caller has locked the job.
-- depends: 0050.claim-jobs

set local role renderstore_owner;

create function work.status_after(
    job work.jobs,
    outcome work.outcome,
    error_class text
)
returns work.job_status
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    most_lost_leases constant integer := 5;
begin
    return case
        when outcome = 'completed' then 'completed'::work.job_status
        when outcome = 'stopped' or job.cancel_requested_at is not null then 'cancelled'
        when outcome = 'lost' and job.lost_leases + 1 >= most_lost_leases then 'failed'
        when outcome = 'failed'
            and (
                job.failures + 1 >= job.max_failures
                or exists (
                    select
                    from work.error_classes as c
                    where c.name = status_after.error_class and not c.is_retried
                )
            )
            then 'failed'
        when outcome = 'failed' then 'pending'
        when outcome = 'accepted'
            and (work.count_needs(job.user_id, job.id) > 0 or job.due_at > now())
            then 'pending'
        when outcome <> 'accepted' and job.status = 'validating' then 'pending'
        else 'queued'
    end;
end
$$;
comment on function work.status_after(work.jobs, work.outcome, text) is
    'What becomes of a held job.';

create function work.end_run(
    job work.jobs,
    outcome work.outcome,
    error_class text default null,
    error_message text default null,
    exit_code bigint default null,
    actor text default null
)
returns work.job_status
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    became constant work.job_status := work.status_after(job, outcome, error_class);
    has_ended constant boolean := became in ('completed', 'failed', 'cancelled');
    has_failed constant boolean := outcome in ('failed', 'lost');
begin
    update work.jobs as j
    set
        status = became,
        held_by = null,
        lease_expires_at = null,
        is_unchecked = j.is_unchecked and outcome <> 'accepted',
        progress = case when became = 'completed' then 100 else j.progress end,
        failures = j.failures + (outcome = 'failed')::integer,
        lost_leases = j.lost_leases + (outcome = 'lost')::integer,
        error_class = case when has_failed then error_class else j.error_class end,
        error_message = case
            when has_failed then left(error_message, 10000)
            else j.error_message
        end,
        exit_code = case
            when outcome = 'completed' then coalesce(j.exit_code, 0)
            when outcome = 'failed' then exit_code
            else j.exit_code
        end,
        due_at = case
            when has_ended then null
            when outcome = 'accepted' then j.due_at
            -- Doubled for each failure, up to a day, spread by half so that what fell together does not rise together.
            when outcome = 'failed' then now()
                + least(j.backoff_s * 2 ^ least(j.failures, 20), 86400)
                * (0.5 + random()) * interval '1 second'
        end,
        completed_at = case when has_ended then now() end,
        cancel_requested_at = case
            when became = 'cancelled' then coalesce(j.cancel_requested_at, now())
            else j.cancel_requested_at
        end
    where j.user_id = job.user_id and j.id = job.id;
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
    values (
        job.user_id,
        job.id,
        job.attempt,
        job.status,
        became,
        job.started_at,
        job.held_by,
        coalesce(actor, identity.current_actor()),
        case when has_failed then error_class end,
        case
            when became = 'cancelled' then job.cancel_reason
            when has_failed then left(error_message, 10000)
        end
    );
    if became = 'queued' then
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            outcome <> 'accepted',
            true
        );
    elsif has_ended then
        if job.is_watched then
            perform pg_notify(work.end_channel(job.id), '');
        end if;
        perform work.settle(array[job.user_id], array[job.id], true);
    end if;
    return became;
end
$$;
comment on function work.end_run(work.jobs, work.outcome, text, text, bigint, text) is
    'Ends a worker''s hold of a job, which the caller has locked, with all that follows. Gives the status it has now.';
