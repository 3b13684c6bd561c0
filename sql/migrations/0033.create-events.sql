-- What happened to jobs. The row that ends a claim carries the claim too (began_at, held_by): half the rows, nothing lost;
-- work.history shows each transition on its own. Written by a trigger only. Partitioned by time, so that old ones are dropped whole.
-- No key: nothing points at an event, and every index costs each job. id is a position to read on from.
-- depends: 0032.guard-jobs

set local role renderstore_owner;

create table work.events (
    user_id uuid not null,
    id bigint generated always as identity,
    job_id uuid not null,
    attempt integer not null,
    before work.job_status not null,
    after work.job_status not null,
    made_in xid8 not null default pg_current_xact_id(),
    happened_at timestamptz not null default now(),
    began_at timestamptz,
    held_by text,
    actor text not null,
    error_class text,
    reason text
)
partition by range (happened_at);

comment on table work.events is
    'One row a transition of a job; the one that ends a run carries its claim too. Append-only; work.history shows it for people.';
comment on column work.events.user_id is
    'The user who owns the job.';
comment on column work.events.id is
    'The position: later rows have higher ones. Read only what work.settled_events says is complete.';
comment on column work.events.job_id is
    'The job.';
comment on column work.events.attempt is
    'The attempt during which it happened.';
comment on column work.events.before is
    'The status that was left.';
comment on column work.events.after is
    'The status that followed.';
comment on column work.events.made_in is
    'The transaction that wrote the row, by which a reader knows that nothing before it is still to come.';
comment on column work.events.happened_at is
    'When it happened.';
comment on column work.events.began_at is
    'When the run began that ended here; null where none did.';
comment on column work.events.held_by is
    'The worker whose run ended here; null where none did.';
comment on column work.events.actor is
    'Who did it: user:…, worker:…, token:…, admin:…, dba:… or login:…, or sweep where time did.';
comment on column work.events.error_class is
    'The class of the failure; null without one.';
comment on column work.events.reason is
    'What the failure said, or why it was cancelled; null without a reason.';

-- Serves work.jobs.list_events, and the deletion of a job.
create index events_user_id_job_id_idx on work.events (user_id, job_id);

-- Serves work.events.list_after: rows arrive in the order of id, so block ranges find the tail.
create index events_id_idx on work.events using brin (id)
    with (pages_per_range = 16, autosummarize = on);

-- Takes what no month has a partition for, so that no job ever fails for want of one.
create table work.events_default partition of work.events default;
comment on table work.events_default is
    'Events of months without a partition of their own; ops.make_partitions makes those ahead.';

-- Partitions are reached through their parent only.
alter table work.events_default enable row level security;
alter table work.events_default force row level security;
create policy events_default_owner on work.events_default
    to renderstore_owner
    using (true)
    with check (true);

alter table work.events enable row level security;
alter table work.events force row level security;

create policy events_owner on work.events
    to renderstore_owner
    using (true)
    with check (true);
create policy events_own on work.events
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy events_read on work.events
    for select
    to renderstore_worker, renderstore_admin, renderstore_readonly
    using (true);

grant select on work.events
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
