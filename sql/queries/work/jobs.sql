-- Jobs of every kind: looked up, asked about, claimed and reported on. What a kind has beside them is in its own room.

-- name: get(id)^
-- The job of the acting user with this id.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where status = any(enum_range(null::work.job_status))
    and id = :id;

-- name: find_by_id(id)^
-- The job with this id alone, whoever owns it, for who sees every row.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where status = any(enum_range(null::work.job_status)) and id = :id;

-- name: find_by_idempotency_key(idempotency_key)^
-- The acting user's job with this idempotency key.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and idempotency_key = :idempotency_key;

-- name: list(before_id, page_size)
-- A page of the acting user's jobs, newest first, before the one with this id (null for the first page).
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_failed(before_id, page_size)
-- A page of the acting user's jobs that failed, newest first.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and status = 'failed'
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_cancelled(before_id, page_size)
-- A page of the acting user's jobs that were cancelled, newest first.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and status = 'cancelled'
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_running(before_id, page_size)
-- A page of the acting user's jobs that run, newest first.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and status = 'running'
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_waiting(before_id, page_size)
-- A page of the acting user's jobs that wait: pending, validating or queued, newest first.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where user_id = (select identity.current_user_id())
    and status in ('pending', 'validating', 'queued')
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_all_by_status(status, before_id, page_size)
-- A page of everybody's jobs in this status, newest first, for an administrator. In the order of its index, status included: behind a policy the planner does not see that all have one status.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where status = :status
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by status desc, id desc
limit (select :page_size::bigint);

-- name: list_held(worker)
-- The jobs that a worker holds.
-- row: Job
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason
from work.jobs
where status = 'running' and held_by = :worker
order by user_id, id;

-- name: cancel(id, reason)^
-- The job, cancelled if it waited; a running one keeps its status until its worker stops.
-- row: Job
-- null: reason?
update work.jobs
set
    cancel_requested_at = now(),
    cancel_reason = :reason
where id = :id
    and status in ('pending', 'validating', 'queued', 'running')
returning
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason;

-- name: try_again(id)^
-- The job that had failed or was cancelled, waiting anew.
-- row: Job
update work.jobs
set status = 'queued'
where id = :id
    and status in ('failed', 'cancelled')
returning
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason;

-- name: set_priority(id, priority)^
-- The waiting job at its new priority, within the plan.
-- row: Job
update work.jobs
set priority = :priority
where status = any(enum_range(null::work.job_status))
    and id = :id
returning
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason;

-- name: set_due(id, due_at)^
-- The waiting job, which starts no earlier than this; null for at once.
-- row: Job
-- null: due_at?
update work.jobs
set due_at = :due_at
where status = any(enum_range(null::work.job_status))
    and id = :id
returning
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    needs_left,
    exit_code,
    held_by,
    lease_expires_at,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    labels,
    submitted_by,
    idempotency_key,
    error_class,
    error_message,
    cancel_reason;

-- name: watch(id)!
-- How many jobs will announce their end on the channel that work.end_channel names: one, or none where it has ended.
update work.jobs
set is_watched = true
where id = :id and completed_at is null;

-- name: link(id, needs_job_ids, on_failure)!
-- How many links were made: the job, just submitted in this transaction, waits for those. They are locked after what the submission locked, so this may lose a race (Conflict); submit's needs_job_ids does not.
with needed as (
    select distinct job_id
    from unnest(:needs_job_ids::uuid[]) as listed (job_id)
)

insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
select
    jobs.user_id,
    jobs.id,
    needed.job_id,
    coalesce(:on_failure::work.dependency_rule, 'cancel') as on_failure
from work.jobs
cross join needed
where jobs.id = :id;

-- name: claim(limit, labels, kinds, lease)
-- Up to limit jobs for the acting worker, with its registered labels and kinds unless others are given. The attempt is the token to report with.
-- row: Claim
-- null: user_id! id! attempt! kind! lease_expires_at! labels? kinds? lease?
select
    user_id,
    id,
    attempt,
    kind,
    lease_expires_at
from work.claim(
    :limit,
    :labels,
    :kinds,
    coalesce(:lease::interval, interval '60 seconds')
);

-- name: heartbeat(user_id, id, attempt, progress, lease)$
-- Whether the job should stop; extends its lease and reports progress. Refused without the current lease.
-- null: should_stop! progress? lease?
select work.heartbeat(
    :user_id,
    :id,
    :attempt,
    :progress,
    coalesce(:lease::interval, interval '60 seconds')
) as should_stop;

-- name: heartbeat_many(user_ids, ids, attempts, progresses, lease)
-- Each of these jobs that is still held, and whether it should stop; what is missing was lost.
-- null: user_id! id! is_cancel_requested! progresses? lease?
select
    user_id,
    id,
    is_cancel_requested
from work.heartbeat_many(
    :user_ids,
    :ids,
    :attempts,
    :progresses,
    coalesce(:lease::interval, interval '60 seconds')
);

-- name: finish(user_id, id, attempt)!
-- Completes a job. Refused without the current lease.
select work.finish(:user_id, :id, :attempt) as finished;

-- name: finish_many(user_ids, ids, attempts)
-- Completes jobs, and gives those that were refused because their leases were lost.
-- null: user_id! id! attempt!
select
    user_id,
    id,
    attempt
from work.finish_many(:user_ids, :ids, :attempts);

-- name: finish_and_claim(user_ids, ids, attempts, limit, labels, kinds, lease)
-- Completes jobs and takes the next ones in one round trip; is_refused marks those whose leases were lost.
-- null: is_refused! user_id! id! attempt! labels? kinds? lease?
select
    is_refused,
    user_id,
    id,
    attempt,
    kind,
    lease_expires_at
from work.finish_and_claim(
    :user_ids,
    :ids,
    :attempts,
    :limit,
    :labels,
    :kinds,
    coalesce(:lease::interval, interval '60 seconds')
);

-- name: fail(user_id, id, attempt, error_class, error_message, exit_code)$
-- What became of the job after a failed attempt: pending, failed or cancelled. Refused without the current lease.
-- null: status! error_message? exit_code?
select work.fail(
    :user_id,
    :id,
    :attempt,
    coalesce(:error_class::text, 'unknown'),
    :error_message,
    :exit_code
) as status;

-- name: stop(user_id, id, attempt)!
-- Says that a job was stopped because somebody asked to cancel it. Refused without the current lease.
select work.stop(:user_id, :id, :attempt) as stopped;

-- name: release(user_id, id, attempt)!
-- Gives a job back unfinished; it goes to the head of its line. Refused without the current lease.
select work.release(:user_id, :id, :attempt) as released;

-- name: list_events(id)
-- Everything that happened to a job, in order.
-- null: happened_at! attempt! before! after! actor!
select
    happened_at,
    attempt,
    before,
    after,
    actor,
    error_class,
    reason
from work.history
where job_id = :id
order by place, after <> 'running';

-- name: delete(id)!
-- How many jobs were deleted, with all that hangs on them: one or none.
delete from work.jobs
where status = any(enum_range(null::work.job_status))
    and id = :id;
