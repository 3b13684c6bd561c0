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
    is_unchecked,
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
    is_unchecked,
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
    is_unchecked,
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

-- name: list(status, kind, before_id, page_size)
-- A page of the acting user's jobs, newest first, before the one with this id (null for the first page); of one status (running, where a kind's own room says rendering) and one kind where they are named.
-- row: ListedJob
-- null: :status? :kind? before_id? user_id! id! kind! status! priority! progress! attempt! queued_at!
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    held_by,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    error_class
from work.list_own_jobs(:status, :kind, :before_id, :page_size)
order by id desc;

-- name: count_by_status()
-- How many jobs the acting user has in each status.
-- null: jobs!
select
    status,
    count(*) as jobs
from work.jobs
where user_id = (select identity.current_user_id())
group by status
order by status;

-- name: list_all_by_status(status, before_id, page_size)
-- A page of everybody's jobs in this status, newest first, for an administrator. In the order of its index, status included: behind a policy the planner does not see that all have one status.
-- row: ListedJob
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    held_by,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    error_class
from work.jobs
where status = :status
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by status desc, id desc
limit (select :page_size::bigint);

-- name: list_held(worker)
-- The jobs that a worker holds: a worker sees its own.
-- row: ListedJob
-- null: user_id! id! kind! status! priority! progress! attempt! queued_at!
select
    user_id,
    id,
    kind,
    status,
    priority,
    progress,
    attempt,
    held_by,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at,
    error_class
from work.list_held_jobs(:worker)
order by user_id, id;

-- name: cancel(id, reason, user_id)^
-- The job and its status by now: cancelled if it waited; a running one keeps its status until its worker stops. Asked again, it says the same.
-- row: ChangedJob
-- null: reason? user_id? id! status!
select
    :id::uuid as id,
    work.cancel(:id, :reason, :user_id) as status;

-- name: try_again(id, user_id)^
-- The job that had failed or was cancelled, waiting anew.
-- row: ChangedJob
-- null: user_id? id! status!
select
    :id::uuid as id,
    work.try_again(:id, :user_id) as status;

-- name: set_priority(id, priority, user_id)^
-- The waiting job at its new priority, within the plan.
-- row: ChangedJob
-- null: user_id? id! status!
select
    :id::uuid as id,
    work.set_priority(:id, :priority, :user_id) as status;

-- name: set_due(id, due_at, user_id)^
-- The waiting job, which starts no earlier than this; null for at once.
-- row: ChangedJob
-- null: due_at? user_id? id! status!
select
    :id::uuid as id,
    work.set_due(:id, :due_at, :user_id) as status;

-- name: set_auto_cancel(id, auto_cancel_at, user_id)^
-- The job, which is cancelled by itself unless it has ended by then; null for never.
-- row: ChangedJob
-- null: auto_cancel_at? user_id? id! status!
select
    :id::uuid as id,
    work.set_auto_cancel(:id, :auto_cancel_at, :user_id) as status;

-- name: watch(id)^
-- The job, which will announce its end on the channel that work.end_channel names, unless it has ended.
-- row: ChangedJob
-- null: id! status!
select
    :id::uuid as id,
    work.watch(:id) as status;

-- name: link(id, needs_job_ids, on_failure)$
-- How many links were made: the waiting job waits for those earlier ones too.
-- null: on_failure? links!
select work.link(
    :id,
    :needs_job_ids,
    coalesce(:on_failure::work.dependency_rule, 'cancel')
) as links;

-- name: unlink(id, needs_job_ids)$
-- How many links were taken away: the job waits for those no more.
-- null: links!
select work.unlink(:id, :needs_job_ids) as links;

-- name: claim(limit, kinds, lease)
-- Up to limit jobs for the acting worker, of its registered kinds or of fewer that are named. The attempt is the token to report with.
-- row: Claim
-- null: user_id! id! attempt! kind! lease_expires_at! kinds? lease?
select
    user_id,
    id,
    attempt,
    kind,
    lease_expires_at
from work.claim(
    :limit,
    :kinds,
    coalesce(:lease::interval, interval '60 seconds')
);

-- name: claim_and_stop_waiting(limit, kinds, lease)
-- The same, and the acting worker waits for none any more where there was one.
-- row: Claim
-- null: user_id! id! attempt! kind! lease_expires_at! kinds? lease?
with claimed as materialized (
    select
        user_id,
        id,
        attempt,
        kind,
        lease_expires_at
    from work.claim(
        :limit,
        :kinds,
        coalesce(:lease::interval, interval '60 seconds')
    )
),

stopped as (
    select work.stop_waiting() as stopped
    where
        exists (
            select
            from claimed
        )
)

select
    claimed.user_id,
    claimed.id,
    claimed.attempt,
    claimed.kind,
    claimed.lease_expires_at
from claimed
where
    exists (
        select
        from stopped
    );

-- name: validate(limit, kinds, lease)
-- Up to limit jobs that a worker must look at before they are queued; each is accepted, or fails.
-- row: Claim
-- null: user_id! id! attempt! kind! lease_expires_at! kinds? lease?
select
    user_id,
    id,
    attempt,
    kind,
    lease_expires_at
from work.validate(
    :limit,
    :kinds,
    coalesce(:lease::interval, interval '60 seconds')
);

-- name: accept(user_id, id, attempt)$
-- What became of a job that the acting worker looked at and found valid. Refused without the current lease.
-- null: status!
select work.accept(:user_id, :id, :attempt) as status;

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

-- name: finish_and_claim(user_ids, ids, attempts, limit, kinds, lease)
-- Completes jobs and takes the next ones in one round trip; is_refused marks those whose leases were lost.
-- null: is_refused! user_id! id! attempt! kinds? lease?
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

-- name: delete(id, user_id)!
-- Deletes a job with all that hangs on it; a running one is cancelled first.
-- null: user_id?
select work.delete(:id, :user_id) as deleted;
