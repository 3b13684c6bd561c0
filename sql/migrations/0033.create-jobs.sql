-- A job's life, for jobs of every kind: narrow, because it is what changes. While a job runs it carries its lease, and
-- the attempt is the fence. No index holds a column that a heartbeat changes, so that a heartbeat stays HOT.
-- depends: 0032.create-job-values

set local role renderstore_owner;

create table work.jobs (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    kind work.job_kind not null,
    status work.job_status not null default 'queued',
    priority work.priority not null default 5,
    progress work.percent not null default 0,
    attempt integer not null default 0,
    failures integer not null default 0,
    max_failures work.failure_limit not null default 3,
    lost_leases integer not null default 0,
    backoff_s work.backoff_s not null default 10,
    estimated_s work.estimate_s,
    needs_left integer not null default 0,
    is_unchecked boolean not null default false,
    is_watched boolean not null default false,
    exit_code bigint,
    held_by text,
    lease_expires_at timestamptz,
    due_at ops.moment,
    auto_cancel_at ops.moment,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancel_requested_at timestamptz,
    labels work.job_labels not null default '{}',
    submitted_by text not null default identity.current_actor(),
    idempotency_key work.idempotency_key,
    error_class work.error_class,
    error_message work.error_message,
    cancel_reason work.cancel_reason,

    constraint jobs_pkey primary key (user_id, id),
    constraint jobs_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
) with (fillfactor = 60);

comment on table work.jobs is
    'One row a job of any kind. What it is to do stands in its kind''s room under the same key, such as render.specs.';
comment on column work.jobs.user_id is
    'The user who owns the job.';
comment on column work.jobs.id is
    'The job''s identifier, made by the database; later jobs sort after earlier ones.';
comment on column work.jobs.kind is
    'What the job does.';
comment on column work.jobs.status is
    'Where the job stands; work.transitions says what may follow.';
comment on column work.jobs.priority is
    'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
comment on column work.jobs.progress is
    'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
comment on column work.jobs.attempt is
    'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
comment on column work.jobs.failures is
    'How many attempts failed; a lost lease is not one.';
comment on column work.jobs.max_failures is
    'After how many failures the job has failed, 1 to 100.';
comment on column work.jobs.lost_leases is
    'How many leases ran out; after five the job has failed.';
comment on column work.jobs.backoff_s is
    'Seconds before the first retry, 1 to 86400; doubled for each further one.';
comment on column work.jobs.estimated_s is
    'How many seconds the job is expected to run; null where nobody knows.';
comment on column work.jobs.needs_left is
    'How many jobs that this one needs are not completed yet.';
comment on column work.jobs.is_unchecked is
    'Whether a worker must look at the job before it is queued: it stays pending until one has.';
comment on column work.jobs.is_watched is
    'Whether somebody waits for the job''s end and listens on its work.end_channel.';
comment on column work.jobs.exit_code is
    'The exit code of the last attempt''s program; null where none is known.';
comment on column work.jobs.held_by is
    'The worker that runs the job, or looks at it first; null for the rest.';
comment on column work.jobs.lease_expires_at is
    'Until when the worker holds the job unless it reports; null where nobody does.';
comment on column work.jobs.due_at is
    'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
comment on column work.jobs.auto_cancel_at is
    'When the job is cancelled by itself unless it has ended; null for never.';
comment on column work.jobs.queued_at is
    'When the job was submitted, or asked for again.';
comment on column work.jobs.started_at is
    'When the last attempt began; null before the first.';
comment on column work.jobs.completed_at is
    'When the job ended, whichever way; null while it has not.';
comment on column work.jobs.cancel_requested_at is
    'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';
comment on column work.jobs.labels is
    'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
comment on column work.jobs.submitted_by is
    'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
comment on column work.jobs.idempotency_key is
    'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
comment on column work.jobs.error_class is
    'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
comment on column work.jobs.error_message is
    'What the last failure said, up to 10000 characters; null without one.';
comment on column work.jobs.cancel_reason is
    'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
comment on constraint jobs_pkey on work.jobs is
    'There is already a job with this id.';
comment on constraint jobs_user_id_fkey on work.jobs is
    'There is no user with this id; still referenced: the user has jobs.';
-- Serves work.jobs.find_by_idempotency_key: a key is the owner's own.
create unique index jobs_user_id_idempotency_key_key
    on work.jobs (user_id, idempotency_key)
    where idempotency_key is not null;
comment on index work.jobs_user_id_idempotency_key_key is
    'You already submitted a job with this idempotency key.';

-- Serves a user's lists by status, and the recount of active jobs.
create index jobs_user_id_status_id_idx on work.jobs (user_id, status, id);

-- Serves an administrator's lists by status, the sweep of leases, and what a worker holds.
create index jobs_status_id_idx on work.jobs (status, id);

-- Serves the sweep: what has become due.
create index jobs_due_idx on work.jobs (due_at)
    where status = 'pending' and due_at is not null;

-- Serves the sweep: what must not start or go on any more.
create index jobs_auto_cancel_idx on work.jobs (auto_cancel_at)
    where auto_cancel_at is not null
        and completed_at is null
        and cancel_requested_at is null;

-- Serves work.validate: what a worker must look at first.
create index jobs_unchecked_idx on work.jobs (kind, id)
    where status = 'pending' and is_unchecked;
