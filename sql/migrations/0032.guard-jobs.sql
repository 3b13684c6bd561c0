-- The guard of a job's life, for whoever writes: it refuses what work.transitions does not have, and adds what a plain
-- "set status = 'cancelled'" leaves unsaid. It looks at its row only.
-- depends: 0031.wall-jobs

set local role renderstore_owner;

-- What may wait and what is waited for, in one place.
create function work.is_held_back(needs_left integer, due_at timestamptz)
returns boolean
language sql
stable
parallel safe
return needs_left > 0 or coalesce(due_at > now(), false);
comment on function work.is_held_back(integer, timestamptz) is
    'Whether a job must wait: for jobs that it needs, or for its time.';

create function work.sorted_labels(labels text[])
returns text[]
language sql
immutable
parallel safe
return array(
    select distinct label
    from unnest(labels) as label
    order by label
);
comment on function work.sorted_labels(text[]) is
    'Labels in order and without doubles, as a lane compares them.';

create function work.begin_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- What is missing is its column's to refuse.
    if new.status is null
        or new.labels is null
        or new.status = 'queued' and new.due_at is null and new.labels = '{}'
    then
        return new;
    end if;
    if new.status not in ('queued', 'pending') then
        raise exception using
            errcode = 'RS005',
            message = format('A new job is queued or pending, not %s.', new.status);
    end if;
    new.labels = work.sorted_labels(new.labels);
    new.status = case
        when work.is_held_back(new.needs_left, new.due_at) then 'pending'
        else 'queued'
    end;
    return new;
end
$$;
comment on function work.begin_job() is
    'Trigger: a new job waits or is queued, and its labels are sorted.';

create trigger jobs_begin
before insert on work.jobs
for each row
execute function work.begin_job();

create function work.guard_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- What every job goes through asks no question that it need not: each costs as much as a read by key.
    if current_user not in ('renderstore_worker', 'renderstore_owner')
        or not (
            old.status = 'queued' and new.status = 'running'
            or old.status = 'running' and new.status = 'completed'
        )
    then
        -- Who asks to cancel what waits has cancelled it; what runs goes on until its holder stops, or its lease ends.
        if new.status = 'cancelled'
            and old.status = 'running'
            and old.lease_expires_at > now()
            and current_user <> 'renderstore_worker'
        then
            new.status = 'running';
            new.cancel_requested_at = coalesce(new.cancel_requested_at, now());
        elsif new.cancel_requested_at is not null
            and old.cancel_requested_at is null
            and new.status = old.status
            and old.status in ('pending', 'validating', 'queued')
        then
            new.status = 'cancelled';
        elsif new.cancel_requested_at is distinct from old.cancel_requested_at
            and new.status = old.status
            and old.completed_at is not null
        then
            raise exception using
                errcode = 'RS005',
                message = format('A %s job cannot become cancelled.', old.status);
        end if;
        if new.due_at is distinct from old.due_at
            and new.status = old.status
            and old.status not in ('pending', 'validating', 'queued')
        then
            raise exception using
                errcode = 'RS005',
                message = 'Only a waiting job can be given another time.';
        end if;

        -- What it waits for may have changed, or have come true.
        if new.status in ('pending', 'queued') then
            new.status = case
                when work.is_held_back(new.needs_left, new.due_at) then 'pending'
                else 'queued'
            end;
        end if;

        if new.status = old.status then
            if new.attempt <> old.attempt then
                raise exception using
                    errcode = 'RS005',
                    message = 'A job''s attempt changes only when a worker claims it.';
            end if;
            return new;
        end if;

        if not work.may_become(old.status, new.status) then
            raise exception using
                errcode = 'RS005',
                message = format(
                    'A %s job cannot become %s.',
                    old.status,
                    new.status
                );
        end if;
        if current_user = 'renderstore_app'
            and not (
                new.status = 'cancelled'
                or old.status in ('failed', 'cancelled')
                or new.status in ('pending', 'queued')
                and old.status in ('pending', 'queued')
            )
        then
            raise exception using
                errcode = 'RS006',
                message = 'A user may ask for a job to be cancelled, tried again, or given another priority; the rest is the worker''s.';
        end if;
        if current_user = 'renderstore_worker'
            and old.status in ('pending', 'queued')
            and new.status not in ('validating', 'running')
        then
            raise exception using
                errcode = '42501',
                message = 'A worker takes what waits, and changes only what it holds.';
        end if;
        if current_user = 'renderstore_admin' and new.status = 'running' then
            raise exception using
                errcode = 'RS006',
                message = 'Only a worker takes a job.';
        end if;
    end if;

    if new.status = 'running' then
        if new.attempt <> old.attempt + 1
            or new.held_by is null
            or new.lease_expires_at is null
        then
            -- A claim by plain update leaves these to us.
            if new.attempt not in (old.attempt, old.attempt + 1) then
                raise exception using
                    errcode = 'RS005',
                    message = 'A claim raises the attempt by one.';
            end if;
            new.attempt = old.attempt + 1;
            new.held_by = coalesce(new.held_by, work.current_worker());
            new.lease_expires_at = coalesce(
                new.lease_expires_at,
                now() + interval '60 seconds'
            );
        end if;
        new.started_at = now();
        new.progress = 0;
        new.due_at = null;
        new.exit_code = null;
        return new;
    end if;

    if new.attempt <> old.attempt then
        raise exception using
            errcode = 'RS005',
            message = 'A job''s attempt changes only when a worker claims it.';
    end if;
    new.held_by = null;
    new.lease_expires_at = null;
    if new.status = 'completed' then
        new.completed_at = now();
        new.progress = 100;
        new.exit_code = coalesce(new.exit_code, 0);
        new.due_at = null;
    elsif new.status in ('failed', 'cancelled') then
        new.completed_at = now();
        -- A back-off that nobody waits for any more must not hold back another try.
        if old.status = 'running' then
            new.due_at = null;
        end if;
        if new.status = 'failed' then
            new.error_class = coalesce(new.error_class, 'unknown');
        else
            new.cancel_requested_at = coalesce(new.cancel_requested_at, now());
        end if;
    elsif old.status in ('failed', 'cancelled') then
        -- Somebody asked for it again: it begins anew, but for its attempts.
        new.completed_at = null;
        new.queued_at = now();
        new.started_at = null;
        new.progress = 0;
        new.failures = 0;
        new.lost_leases = 0;
        new.exit_code = null;
        new.error_class = null;
        new.error_message = null;
        new.cancel_requested_at = null;
        new.cancel_reason = null;
        if new.auto_cancel_at <= now() then
            new.auto_cancel_at = null;
        end if;
    end if;
    return new;
end
$$;
comment on function work.guard_job() is
    'Trigger: refuses a change of status that work.transitions does not have, and keeps what belongs to it.';

-- Without a condition: PostgreSQL reads one anew for each statement, which costs more than the call.
create trigger jobs_guard
before update of status, attempt, cancel_requested_at, due_at, needs_left on work.jobs
for each row
execute function work.guard_job();

create function work.check_report()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_user = 'renderstore_worker' then
        raise exception using
            errcode = '42501',
            message = 'A worker takes what waits, and changes only what it holds.';
    end if;
    return new;
end
$$;
comment on function work.check_report() is
    'Trigger: a worker reports nothing of a job that nobody holds.';

-- Before jobs_guard by its name: the guard makes the same changes when a job is taken.
create trigger jobs_check_report
before update of
    progress,
    failures,
    lost_leases,
    exit_code,
    due_at,
    cancel_requested_at,
    cancel_reason,
    error_class,
    error_message
on work.jobs
for each row
when (
    old.status in ('pending', 'queued')
    and (
        old.progress <> new.progress
        or old.failures <> new.failures
        or old.lost_leases <> new.lost_leases
        or old.exit_code is distinct from new.exit_code
        or old.due_at is distinct from new.due_at
        or old.cancel_requested_at is distinct from new.cancel_requested_at
        or old.cancel_reason is distinct from new.cancel_reason
        or old.error_class is distinct from new.error_class
        or old.error_message is distinct from new.error_message
    )
)
execute function work.check_report();

create function work.keep_progress()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.progress = old.progress;
    return new;
end
$$;
comment on function work.keep_progress() is
    'Trigger: within an attempt a lower report of progress leaves it as it is.';

create trigger jobs_keep_progress
before update of progress on work.jobs
for each row
when (
    new.progress < old.progress
    and new.status = 'running'
    and new.attempt = old.attempt
)
execute function work.keep_progress();

create function work.refuse_new_key()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'RS005',
        message = 'The key and the kind of a row never change.';
end
$$;
comment on function work.refuse_new_key() is
    'Trigger: a row keeps its owner, its identifier and its kind.';

create trigger jobs_keep_key
before update of user_id, id, kind on work.jobs
for each row
when (old.user_id <> new.user_id or old.id <> new.id or old.kind <> new.kind)
execute function work.refuse_new_key();

grant execute on function
    work.is_held_back(integer, timestamptz),
    work.sorted_labels(text[])
to renderstore_app, renderstore_worker, renderstore_admin;
