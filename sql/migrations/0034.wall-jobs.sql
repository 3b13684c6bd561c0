-- Who sees which job. Nobody writes the table by hand: functions are the doors. What stays here is the guard of a job's life, for
-- whoever owns the table and repairs a row.
-- depends: 0033.create-jobs

set local role renderstore_owner;

alter table work.jobs enable row level security;
alter table work.jobs force row level security;

create policy jobs_owner on work.jobs
    to renderstore_owner
    using (true)
    with check (true);
create policy jobs_own on work.jobs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy jobs_held on work.jobs
    for select
    to renderstore_worker
    using (held_by = (select work.current_worker()));
create policy jobs_read on work.jobs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.jobs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

-- Written out, and in one trigger: PostgreSQL reads a check's expression anew for each statement, as it does a trigger's
-- condition, and a call of work.may_become costs half of what the rest does.
create function work.guard_job()
returns trigger
language plpgsql
as $$
begin
    -- What every job goes through comes first, as the rules below say it.
    if tg_op = 'INSERT'
        and new.status in ('queued', 'pending')
        and new.held_by is null
        and new.lease_expires_at is null
        and new.completed_at is null
        or old.status = 'queued'
        and new.status = 'running'
        and new.held_by is not null
        and new.lease_expires_at is not null
        and new.completed_at is null
        or old.status = 'running'
        and new.status = 'completed'
        and new.held_by is null
        and new.lease_expires_at is null
        and new.completed_at is not null
    then
        return new;
    end if;
    if (new.status in ('running', 'validating')) <> (new.held_by is not null)
        or (new.held_by is null) <> (new.lease_expires_at is null)
        or (new.status in ('completed', 'failed', 'cancelled'))
        <> (new.completed_at is not null)
        or new.status = 'failed' and new.error_class is null
    then
        raise exception using
            errcode = '23514',
            schema = 'work',
            table = 'jobs',
            constraint = 'jobs_is_whole_check',
            message = 'A running job, or one that is validated, has a holder and a lease, an ended one the time of its end, a failed one a class of failure; no other job has a holder, a lease or an end.';
    elsif tg_op = 'UPDATE'
        and new.status <> old.status
        and not (case old.status
            when 'queued' then new.status in ('pending', 'running', 'failed', 'cancelled')
            when 'running'
                then new.status in ('pending', 'queued', 'completed', 'failed', 'cancelled')
            when 'pending'
                then new.status in ('validating', 'queued', 'failed', 'cancelled')
            when 'validating'
                then new.status in ('pending', 'queued', 'failed', 'cancelled')
            when 'failed' then new.status in ('pending', 'queued')
            when 'cancelled' then new.status in ('pending', 'queued')
            -- What a download has kept stays; whatever else is completed is so for good.
            when 'completed'
                then new.kind = 'download' and new.status in ('pending', 'queued')
            else false
        end)
    then
        raise exception using
            errcode = 'RS005',
            message = format('A %s job cannot become %s.', old.status, new.status);
    end if;
    return new;
end
$$;

comment on function work.guard_job() is
    'Trigger: refuses a change of status that work.transitions does not have, and a job that lacks what its status asks for or has what belongs to another.';

create trigger jobs_guard
before insert or update on work.jobs
for each row
execute function work.guard_job();
