-- A step as one row. An insert submits; whatever else becomes of a step is asked by a function.
-- depends: 0094.create-step-specs

set local role renderstore_owner;

create view studio.steps
with (security_invoker = true) as
select
    j.user_id,
    j.id,
    s.project_id,
    s.scene_id,
    s.step,
    j.status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    extract(epoch from j.completed_at - j.started_at)::double precision as actual_s,
    j.labels,
    s.provider,
    s.provider_task_id,
    s.last_completed_part,
    s.config,
    s.result,
    coalesce(c.tokens_in, 0)::bigint as tokens_in,
    coalesce(c.tokens_out, 0)::bigint as tokens_out,
    coalesce(c.cost_micros, 0)::bigint as cost_micros,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
from work.jobs as j
join studio.step_specs as s on s.user_id = j.user_id and s.job_id = j.id
left join studio.step_costs as c on c.user_id = j.user_id and c.job_id = j.id;

comment on view studio.steps is
    'One row a step: its life from work.jobs, its content from studio.step_specs, what it cost from studio.step_costs. Insert submits; functions change.';
comment on column studio.steps.user_id is
    'The user who owns the job.';
comment on column studio.steps.id is
    'The job''s identifier, made by the database; later jobs sort after earlier ones.';
comment on column studio.steps.project_id is
    'The project that it works for; null once that is purged.';
comment on column studio.steps.scene_id is
    'The scene that it works for; null for a step of the whole project, or once the scene is gone.';
comment on column studio.steps.step is
    'What it makes.';
comment on column studio.steps.status is
    'Where the job stands, as in work.jobs.';
comment on column studio.steps.priority is
    'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
comment on column studio.steps.progress is
    'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
comment on column studio.steps.attempt is
    'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
comment on column studio.steps.failures is
    'How many attempts failed; a lost lease is not one.';
comment on column studio.steps.max_failures is
    'After how many failures the job has failed, 1 to 100.';
comment on column studio.steps.lost_leases is
    'How many leases ran out; after five the job has failed.';
comment on column studio.steps.backoff_s is
    'Seconds before the first retry, 1 to 86400; doubled for each further one.';
comment on column studio.steps.estimated_s is
    'How many seconds the job is expected to run; null where nobody knows.';
comment on column studio.steps.actual_s is
    'How many seconds the last attempt took; null while the job has not ended, or never began.';
comment on column studio.steps.labels is
    'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
comment on column studio.steps.provider is
    'Who makes it, 1 to 100 characters; null where that is open, or nobody else does.';
comment on column studio.steps.provider_task_id is
    'The provider''s own id of the task, as last reported: whoever takes the step over asks for it instead of paying again; null before any.';
comment on column studio.steps.last_completed_part is
    'How many of the step''s own parts are done, 0 before the first: whoever takes it over goes on after it. It never falls.';
comment on column studio.steps.config is
    'What is to be made, such as a prompt: an object of the application''s own.';
comment on column studio.steps.result is
    'What was made so far that is no file: an object of the worker''s own.';
comment on column studio.steps.tokens_in is
    'How many tokens went in, all attempts together.';
comment on column studio.steps.tokens_out is
    'How many tokens came out, all attempts together.';
comment on column studio.steps.cost_micros is
    'What it cost, all attempts together, in millionths of the currency that the application counts in.';
comment on column studio.steps.submitted_by is
    'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
comment on column studio.steps.idempotency_key is
    'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
comment on column studio.steps.held_by is
    'The worker that runs the job; null unless it runs.';
comment on column studio.steps.lease_expires_at is
    'Until when the worker holds the job unless it reports; null unless it runs.';
comment on column studio.steps.exit_code is
    'The exit code of the last attempt''s program; null where none is known.';
comment on column studio.steps.error_class is
    'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
comment on column studio.steps.error_message is
    'What the last failure said, up to 10000 characters; null without one.';
comment on column studio.steps.cancel_reason is
    'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
comment on column studio.steps.due_at is
    'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
comment on column studio.steps.auto_cancel_at is
    'When the job is cancelled by itself unless it has ended; null for never.';
comment on column studio.steps.queued_at is
    'When the job was submitted, or asked for again.';
comment on column studio.steps.started_at is
    'When the last attempt began; null before the first.';
comment on column studio.steps.completed_at is
    'When the job ended, whichever way; null while it has not.';
comment on column studio.steps.cancel_requested_at is
    'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

grant select on studio.steps
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
