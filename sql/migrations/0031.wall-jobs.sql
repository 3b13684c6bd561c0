-- Who sees and changes which job. A user may only ask: to cancel, to try again, to change a priority. A worker claims what
-- waits and changes what it holds itself; what a silent worker has lost is the sweep's.
-- depends: 0030.create-jobs

set local role renderstore_owner;

alter table work.jobs enable row level security;
alter table work.jobs force row level security;

create policy jobs_owner on work.jobs
    to renderstore_owner
    using (true)
    with check (true);
create policy jobs_own on work.jobs
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
create policy jobs_every on work.jobs
    to renderstore_admin
    using (true)
    with check (true);
create policy jobs_read on work.jobs
    for select
    to renderstore_readonly
    using (true);
create policy jobs_see_work on work.jobs
    for select
    to renderstore_worker
    using (true);
create policy jobs_work on work.jobs
    for update
    to renderstore_worker
    using (
        completed_at is null
        and (status <> 'running' or held_by = (select work.current_worker()))
    )
    with check (status <> 'running' or held_by = (select work.current_worker()));

grant select on work.jobs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant
    insert (
        user_id,
        kind,
        status,
        priority,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        labels,
        idempotency_key
    ),
    update (
        status,
        priority,
        due_at,
        auto_cancel_at,
        cancel_requested_at,
        cancel_reason,
        is_watched
    ),
    delete
on work.jobs
to renderstore_app, renderstore_admin;
grant
    update (
        status,
        progress,
        attempt,
        failures,
        lost_leases,
        exit_code,
        held_by,
        lease_expires_at,
        due_at,
        cancel_requested_at,
        cancel_reason,
        error_class,
        error_message
    )
on work.jobs
to renderstore_worker;
