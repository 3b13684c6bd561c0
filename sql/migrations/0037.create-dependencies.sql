-- Jobs that wait for other jobs of their owner. They are named with the submission and exist by then, so no circle can
-- form: a dependency points from a later job to an earlier one.
-- depends: 0036.create-logs

set local role renderstore_owner;

create type work.dependency_rule as enum ('cancel', 'wait');
comment on type work.dependency_rule is
    'What becomes of a job when one that it needs fails or is cancelled: cancel it too, or let it wait.';

create table work.dependencies (
    user_id uuid not null,
    job_id uuid not null,
    needs_job_id uuid not null,
    on_failure work.dependency_rule not null default 'cancel',

    constraint dependencies_pkey primary key (user_id, job_id, needs_job_id),
    -- Checked in this order, which is that of the keys: whoever deletes both jobs locks them so too.
    constraint dependencies_user_id_needs_job_id_fkey
        foreign key (user_id, needs_job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint dependencies_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint dependencies_needs_earlier_job_check check (needs_job_id < job_id)
);

comment on table work.dependencies is
    'One row a job that another one needs. jobs.needs_left counts those that are not completed.';
comment on column work.dependencies.user_id is
    'The user who owns both jobs.';
comment on column work.dependencies.job_id is
    'The job that waits.';
comment on column work.dependencies.needs_job_id is
    'The job that must be completed first.';
comment on column work.dependencies.on_failure is
    'What becomes of the waiting job when the other one fails or is cancelled.';
comment on constraint dependencies_pkey on work.dependencies is
    'This job already needs that one.';
comment on constraint dependencies_user_id_job_id_fkey on work.dependencies is
    'There is no such job of yours to wait; still referenced: the job needs others.';
comment on constraint dependencies_user_id_needs_job_id_fkey on work.dependencies is
    'There is no such job of yours to wait for; still referenced: other jobs need this one.';
comment on constraint dependencies_needs_earlier_job_check on work.dependencies is
    'A job may only wait for jobs that were submitted before it.';

-- Serves dependencies_user_id_needs_job_id_fkey, and what follows the end of a job.
create index dependencies_user_id_needs_job_id_idx
    on work.dependencies (user_id, needs_job_id);

alter table work.dependencies enable row level security;
alter table work.dependencies force row level security;

create policy dependencies_owner on work.dependencies
    to renderstore_owner
    using (true)
    with check (true);
create policy dependencies_own on work.dependencies
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy dependencies_held on work.dependencies
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = dependencies.user_id and j.id = dependencies.job_id
        )
    );
create policy dependencies_read on work.dependencies
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.dependencies
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
