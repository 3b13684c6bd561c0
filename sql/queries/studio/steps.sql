-- The steps of a video, the third kind of job. Their life is work.jobs': work.jobs.finish completes one, work.jobs.fail fails it.

-- name: submit(project_id, step, config, provider, scene_id, input_asset_ids, priority, labels, max_failures, backoff_s, estimated_s, due_at, auto_cancel_at, idempotency_key, needs_job_ids, on_failure, user_id)^
-- The step of a project just submitted by the acting user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there.
-- row: SubmittedStep
-- null: config? provider? scene_id? input_asset_ids? priority? labels? max_failures? backoff_s? estimated_s? due_at? auto_cancel_at? idempotency_key? needs_job_ids? on_failure? user_id? id! is_new! queued_at!
select
    id,
    is_new,
    queued_at
from studio.submit_step(
    :project_id,
    :step,
    coalesce(:config::jsonb, '{}'),
    :provider,
    :scene_id,
    :input_asset_ids,
    coalesce(:priority::integer, 5),
    coalesce(:labels::text[], '{}'),
    coalesce(:max_failures::integer, 3),
    coalesce(:backoff_s::integer, 10),
    :estimated_s,
    :due_at,
    :auto_cancel_at,
    :idempotency_key,
    :needs_job_ids,
    coalesce(:on_failure::work.dependency_rule, 'cancel'),
    :user_id
);

-- name: claim(limit, lease)
-- Up to limit steps for the acting worker, with what each is to do and how far it came. The attempt is the token to report with.
-- row: ClaimedStep
-- null: lease? user_id! id! attempt! lease_expires_at! step! config!
select
    user_id,
    id,
    attempt,
    lease_expires_at,
    project_id,
    scene_id,
    step,
    provider,
    provider_task_id,
    config,
    last_completed_step
from studio.claim_steps(:limit, coalesce(:lease::interval, interval '60 seconds'));

-- name: report(user_id, id, attempt, provider_task_id, completed_step, tokens_in, tokens_out, cost_micros)!
-- How far a step came, and what that cost beside what was said before; a completed part that is said again changes nothing. Refused without the current lease.
-- null: provider_task_id? completed_step? tokens_in? tokens_out? cost_micros?
select studio.report_step(
    :user_id,
    :id,
    :attempt,
    :provider_task_id,
    :completed_step,
    coalesce(:tokens_in::bigint, 0),
    coalesce(:tokens_out::bigint, 0),
    coalesce(:cost_micros::bigint, 0)
) as reported;

-- name: begin_output(user_id, job_id, attempt, kind, size_bytes, suffix, name, media_type, provenance, expires_at)^
-- The asset just reserved for what a job makes, for its owner, and where the file is to lie. Refused without the current lease.
-- row: ReservedOutput
-- null: suffix? name? media_type? provenance? expires_at? id! uri!
select
    id,
    uri
from studio.begin_for_job(
    :user_id,
    :job_id,
    :attempt,
    :kind,
    :size_bytes,
    :suffix,
    :name,
    :media_type,
    :provenance,
    :expires_at
);

-- name: keep_output(user_id, job_id, attempt, id, size_bytes, sha256, media_type, width, height, duration_ms)!
-- The file that a job made is there. Refused without the current lease.
-- null: sha256? media_type? width? height? duration_ms?
select studio.keep_for_job(
    :user_id,
    :job_id,
    :attempt,
    :id,
    :size_bytes,
    :sha256,
    :media_type,
    :width,
    :height,
    :duration_ms
) as kept;

-- name: get(job_id)^
-- The acting user's step with this id: what it is to do, how far it came, what it cost.
-- row: Step
select
    jobs.id,
    jobs.status,
    project_jobs.project_id,
    project_jobs.scene_id,
    step_specs.step,
    step_specs.provider,
    step_specs.provider_task_id,
    step_specs.config,
    step_specs.last_completed_step,
    step_specs.tokens_in,
    step_specs.tokens_out,
    step_specs.cost_micros
from studio.step_specs
join work.jobs
    on jobs.user_id = step_specs.user_id and jobs.id = step_specs.job_id
left join studio.project_jobs
    on project_jobs.user_id = step_specs.user_id
    and project_jobs.job_id = step_specs.job_id
where step_specs.job_id = :job_id
    and step_specs.user_id = (select identity.current_user_id());

-- name: get_cost(project_id)^
-- What the steps of a project cost so far.
-- row: ProjectCost
-- null: steps! tokens_in! tokens_out! cost_micros!
select
    count(*) as steps,
    coalesce(sum(step_specs.tokens_in), 0)::bigint as tokens_in,
    coalesce(sum(step_specs.tokens_out), 0)::bigint as tokens_out,
    coalesce(sum(step_specs.cost_micros), 0)::bigint as cost_micros
from studio.project_jobs
join studio.step_specs
    on step_specs.user_id = project_jobs.user_id
    and step_specs.job_id = project_jobs.job_id
where project_jobs.user_id = (select identity.current_user_id())
    and project_jobs.project_id = :project_id;
