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

-- work.may_become says the same: written out here, it costs a finish half of a call.
create function work.guard_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if (new.status = old.status or case old.status
        when 'queued' then new.status in ('pending', 'running', 'failed', 'cancelled')
        when 'running'
            then new.status in ('pending', 'queued', 'completed', 'failed', 'cancelled')
        when 'pending'
            then new.status in ('validating', 'queued', 'failed', 'cancelled')
        when 'validating'
            then new.status in ('pending', 'queued', 'failed', 'cancelled')
        when 'failed' then new.status in ('pending', 'queued')
        when 'cancelled' then new.status in ('pending', 'queued')
        else false
    end)
    then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A %s job cannot become %s.', old.status, new.status);
end
$$;
comment on function work.guard_job() is
    'Trigger: refuses a change of status that work.transitions does not have.';

-- Without a condition: PostgreSQL reads one anew for each statement, which costs more than the call.
create trigger jobs_guard
before update of status on work.jobs
for each row
execute function work.guard_job();
