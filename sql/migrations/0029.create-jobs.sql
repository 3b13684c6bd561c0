-- A job's life, for jobs of every kind: narrow, because it is what changes. While a job runs it carries its lease, and
-- the attempt is the fence. No index holds a column that a heartbeat changes, so that a heartbeat stays HOT.
-- depends: 0028.create-usages

set local role renderstore_owner;

create table work.jobs (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    kind work.job_kind not null,
    status work.job_status not null default 'queued',
    priority smallint not null default 5,
    progress smallint not null default 0,
    attempt integer not null default 0,
    failures integer not null default 0,
    max_failures integer not null default 3,
    lost_leases integer not null default 0,
    backoff_s integer not null default 10,
    estimated_s integer,
    needs_left integer not null default 0,
    has_dependants boolean not null default false,
    exit_code bigint,
    held_by text,
    lease_expires_at timestamptz,
    due_at timestamptz,
    auto_cancel_at timestamptz,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    cancel_requested_at timestamptz,
    labels text[] not null default '{}',
    submitted_by text not null default identity.current_actor(),
    idempotency_key text,
    error_class text,
    error_message text,
    cancel_reason text,

    constraint jobs_pkey primary key (user_id, id),
    constraint jobs_user_id_fkey foreign key (user_id)
        references identity.users (id) on delete cascade,
    constraint jobs_priority_is_0_to_10_check check (priority between 0 and 10),
    constraint jobs_progress_is_percent_check check (progress between 0 and 100),
    constraint jobs_max_failures_is_1_to_100_check
        check (max_failures between 1 and 100),
    constraint jobs_backoff_s_is_1_to_86400_check check (backoff_s between 1 and 86400),
    constraint jobs_estimated_s_is_positive_check check (estimated_s > 0),
    constraint jobs_labels_are_few_check
        check (
            cardinality(labels) <= 20
            and array_position(labels, null) is null
            and octet_length(array_to_string(labels, '')) <= 2000
        ),
    constraint jobs_running_has_lease_check
        check (
            (status = 'running') = (held_by is not null)
            and (status = 'running') = (lease_expires_at is not null)
        ),
    constraint jobs_completed_at_is_set_at_end_check
        check (
            (status in ('completed', 'failed', 'cancelled'))
            = (completed_at is not null)
        ),
    constraint jobs_failed_has_class_check
        check (status <> 'failed' or error_class is not null),
    constraint jobs_idempotency_key_is_short_check
        check (length(idempotency_key) between 1 and 255),
    constraint jobs_error_class_is_slug_check
        check (error_class ~ '^[a-z][a-z0-9_]{0,99}$'),
    constraint jobs_error_message_is_short_check check (length(error_message) <= 10000),
    constraint jobs_cancel_reason_is_short_check check (length(cancel_reason) <= 1000)
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
comment on column work.jobs.has_dependants is
    'Whether other jobs were linked to this one.';
comment on column work.jobs.exit_code is
    'The exit code of the last attempt''s program; null where none is known.';
comment on column work.jobs.held_by is
    'The worker that runs the job; null unless it runs.';
comment on column work.jobs.lease_expires_at is
    'Until when the worker holds the job unless it reports; null unless it runs.';
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
comment on constraint jobs_priority_is_0_to_10_check on work.jobs is
    'A job''s priority is 0 to 10.';
comment on constraint jobs_progress_is_percent_check on work.jobs is
    'A job''s progress is 0 to 100 percent.';
comment on constraint jobs_max_failures_is_1_to_100_check on work.jobs is
    'A job may fail 1 to 100 times.';
comment on constraint jobs_backoff_s_is_1_to_86400_check on work.jobs is
    'A back-off is 1 second to a day.';
comment on constraint jobs_estimated_s_is_positive_check on work.jobs is
    'An estimate is a number of seconds above 0.';
comment on constraint jobs_labels_are_few_check on work.jobs is
    'A job asks for at most 20 labels, of 2000 bytes together, and none of them is null.';
comment on constraint jobs_running_has_lease_check on work.jobs is
    'A running job has a holder and a lease, and no other job has.';
comment on constraint jobs_completed_at_is_set_at_end_check on work.jobs is
    'A job that has ended has the time of its end, and no other job has.';
comment on constraint jobs_failed_has_class_check on work.jobs is
    'A failed job says the class of its failure.';
comment on constraint jobs_idempotency_key_is_short_check on work.jobs is
    'An idempotency key has 1 to 255 characters.';
comment on constraint jobs_error_class_is_slug_check on work.jobs is
    'An error class has 1 to 100 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint jobs_error_message_is_short_check on work.jobs is
    'An error message has at most 10000 characters.';
comment on constraint jobs_cancel_reason_is_short_check on work.jobs is
    'The reason of a cancellation has at most 1000 characters.';

-- Serves work.jobs.find_by_idempotency_key: a key is the owner's own.
create unique index jobs_user_id_idempotency_key_key
    on work.jobs (user_id, idempotency_key)
    where idempotency_key is not null;
comment on index work.jobs_user_id_idempotency_key_key is
    'You already submitted a job with this idempotency key.';

-- Serves one job by its id alone, and an administrator's lists by status over all users.
create index jobs_status_id_idx on work.jobs (status, id);

-- Serves a user's lists of what waits, the recount of active jobs, and a resume.
create index jobs_waiting_idx on work.jobs (user_id, id)
    where status in ('pending', 'validating', 'queued');

-- Serves the sweep of leases, what a worker holds, a user's list of what runs, and the recount.
create index jobs_running_idx on work.jobs (user_id, id) where status = 'running';

-- Serves a user's list of what failed.
create index jobs_failed_idx on work.jobs (user_id, id) where status = 'failed';

-- Serves a user's list of what was cancelled.
create index jobs_cancelled_idx on work.jobs (user_id, id) where status = 'cancelled';

-- Serves the sweep: what has become due.
create index jobs_due_idx on work.jobs (due_at)
    where status = 'pending' and due_at is not null;

-- Serves the sweep: what must not start or go on any more.
create index jobs_auto_cancel_idx on work.jobs (auto_cancel_at)
    where auto_cancel_at is not null
        and completed_at is null
        and cancel_requested_at is null;
