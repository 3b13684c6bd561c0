-- What somebody passed over rather than wait for whoever held it. Nobody waits for a stranger: it is noted here, and the sweep
-- comes back.
-- depends: 0039.create-line

set local role renderstore_owner;

create table work.leftovers (
    user_id uuid not null,
    id bigint generated always as identity,
    job_id uuid not null,

    constraint leftovers_pkey primary key (user_id, id),
    constraint leftovers_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
);

comment on table work.leftovers is
    'One row a job that is to be looked at again: whether it waits rightly, stands in line, and what hangs on its end.';
comment on column work.leftovers.user_id is
    'The user who owns the job.';
comment on column work.leftovers.id is
    'The note''s number: a job may be noted more than once, so that no note waits for another.';
comment on column work.leftovers.job_id is
    'The job; it may be gone by now.';
comment on constraint leftovers_pkey on work.leftovers is
    'There is already a note with this number.';
comment on constraint leftovers_user_id_fkey on work.leftovers is
    'There is no user with this id; still referenced: the sweep looks at a job of the user.';

create type work.outcome as enum (
    'accepted',
    'completed',
    'failed',
    'stopped',
    'released',
    'lost'
);
comment on type work.outcome is
    'How a worker''s hold of a job ended: accepted (looked at, and valid), completed, failed, stopped because somebody asked, released unfinished, lost with a silent worker.';

-- Without a foreign key: whoever deletes the user or the job at this moment would be waited for.
create table work.reports (
    user_id uuid not null,
    job_id uuid not null,
    attempt integer not null,
    held_by text not null,
    actor text not null default identity.current_actor(),
    outcome work.outcome,
    lease_expires_at timestamptz,
    exit_code bigint,
    error_class work.error_class,
    error_message work.error_message,
    reported_at timestamptz not null default now(),

    constraint reports_pkey primary key (user_id, job_id),
    constraint reports_says_something_check
        check (num_nonnulls(outcome, lease_expires_at) = 1)
);

comment on table work.reports is
    'One row a job of which its worker reported while somebody else had the job''s row locked. An outcome is as good as in the job: the sweep carries it over.';
comment on column work.reports.user_id is
    'The user who owns the job.';
comment on column work.reports.job_id is
    'The job; it may be gone by now.';
comment on column work.reports.attempt is
    'The attempt that was reported on.';
comment on column work.reports.held_by is
    'The worker that reported.';
comment on column work.reports.actor is
    'Who reported, as the event will say.';
comment on column work.reports.outcome is
    'How the run ended; null for a heartbeat.';
comment on column work.reports.lease_expires_at is
    'Until when a heartbeat holds the job, whatever the job''s row says; null for an outcome.';
comment on column work.reports.exit_code is
    'The exit code of the attempt''s program; null where none is known.';
comment on column work.reports.error_class is
    'The class of the failure; null without one.';
comment on column work.reports.error_message is
    'What the failure said; null without one.';
comment on column work.reports.reported_at is
    'When it was reported.';
comment on constraint reports_pkey on work.reports is
    'There is already a report of this job.';
comment on constraint reports_says_something_check on work.reports is
    'A report has an outcome, or says until when the job is held.';

alter table work.leftovers enable row level security;
alter table work.leftovers force row level security;
alter table work.reports enable row level security;
alter table work.reports force row level security;

create policy leftovers_owner on work.leftovers
    to renderstore_owner
    using (true)
    with check (true);
create policy leftovers_read on work.leftovers
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

create policy reports_owner on work.reports
    to renderstore_owner
    using (true)
    with check (true);
create policy reports_read on work.reports
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.leftovers, work.reports to renderstore_admin, renderstore_readonly;
