-- Steps: jobs that make a part of a project or a scene, with what they used and cost.

-- name: submit(step, project_id, scene_id, provider, config, priority, labels, max_failures, backoff_s, estimated_s, due_at, auto_cancel_at, idempotency_key, needs_job_ids, on_failure, validate_first, user_id)^
-- The step just submitted by the acting user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! scene_id? provider? config? priority? labels? max_failures? backoff_s? estimated_s? due_at? auto_cancel_at? idempotency_key? needs_job_ids? on_failure? validate_first? :user_id?
select
    is_new,
    owner_id as user_id,
    id,
    queued_at
from studio.submit_step(
    :step,
    :project_id,
    :scene_id,
    :provider,
    coalesce(:config::jsonb, '{}'),
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
    coalesce(:validate_first::boolean, false),
    :user_id
);

-- name: submit_many(steps, project_id, scene_ids, providers, configs, priorities, estimates_s, idempotency_keys, labels, label_lists, max_failures, backoff_s, due_at, auto_cancel_at, in_order, needs_job_ids, on_failure, user_id)
-- The acting user's steps just submitted, in the order given, all of them or none; a repeat of an idempotency key gives the job that is there. in_order: each waits for the one before it of its scene, the first of each scene for needs_job_ids. A list that is null says nothing of any step.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! scene_ids? providers? configs? priorities? estimates_s? idempotency_keys? labels? label_lists? max_failures? backoff_s? due_at? auto_cancel_at? in_order? needs_job_ids? on_failure? :user_id?
select
    is_new,
    owner_id as user_id,
    id,
    queued_at
from studio.submit_steps(
    :steps,
    :project_id,
    :scene_ids,
    :providers,
    :configs,
    :priorities,
    :estimates_s,
    :idempotency_keys,
    coalesce(:labels::text[], '{}'),
    :label_lists,
    coalesce(:max_failures::integer, 3),
    coalesce(:backoff_s::integer, 10),
    :due_at,
    :auto_cancel_at,
    coalesce(:in_order::boolean, false),
    :needs_job_ids,
    coalesce(:on_failure::work.dependency_rule, 'cancel'),
    :user_id
)
order by nth;

-- name: get(id)^
-- The acting user's step with this id.
-- row: Step
-- null: user_id! id! step! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! last_completed_part! config! result! tokens_in! tokens_out! cost_micros! submitted_by! queued_at!
select
    user_id,
    id,
    project_id,
    scene_id,
    step,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    actual_s,
    labels,
    provider,
    provider_task_id,
    last_completed_part,
    config,
    result,
    tokens_in,
    tokens_out,
    cost_micros,
    submitted_by,
    idempotency_key,
    held_by,
    lease_expires_at,
    exit_code,
    error_class,
    error_message,
    cancel_reason,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at
from studio.steps
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The step with this id alone, whoever owns it, for who sees every row.
-- row: Step
-- null: user_id! id! step! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! last_completed_part! config! result! tokens_in! tokens_out! cost_micros! submitted_by! queued_at!
select
    steps.user_id,
    steps.id,
    steps.project_id,
    steps.scene_id,
    steps.step,
    steps.status,
    steps.priority,
    steps.progress,
    steps.attempt,
    steps.failures,
    steps.max_failures,
    steps.lost_leases,
    steps.backoff_s,
    steps.estimated_s,
    steps.actual_s,
    steps.labels,
    steps.provider,
    steps.provider_task_id,
    steps.last_completed_part,
    steps.config,
    steps.result,
    steps.tokens_in,
    steps.tokens_out,
    steps.cost_micros,
    steps.submitted_by,
    steps.idempotency_key,
    steps.held_by,
    steps.lease_expires_at,
    steps.exit_code,
    steps.error_class,
    steps.error_message,
    steps.cancel_reason,
    steps.due_at,
    steps.auto_cancel_at,
    steps.queued_at,
    steps.started_at,
    steps.completed_at,
    steps.cancel_requested_at
from studio.step_specs
join studio.steps on steps.user_id = step_specs.user_id and steps.id = step_specs.job_id
where step_specs.job_id = :id;

-- name: find_last_completed(project_id, scene_id)^
-- The last completed step of the acting user's project, or of one of its scenes.
-- row: ListedStep
-- null: scene_id?
select
    step_specs.job_id as id,
    step_specs.scene_id,
    step_specs.step,
    step_specs.provider,
    step_specs.last_completed_part,
    jobs.status,
    jobs.priority,
    jobs.progress,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from studio.step_specs
join work.jobs on jobs.user_id = step_specs.user_id and jobs.id = step_specs.job_id
where step_specs.user_id = (select identity.current_user_id())
    and step_specs.project_id = :project_id
    and (:scene_id::uuid is null or step_specs.scene_id = :scene_id)
    and jobs.status = 'completed'
order by step_specs.job_id desc
limit 1;

-- name: list(project_id, before_id, page_size)
-- A page of the steps of the acting user's project, newest first, before the one with this id (null for the first page).
-- row: ListedStep
-- null: before_id?
select
    step_specs.job_id as id,
    step_specs.scene_id,
    step_specs.step,
    step_specs.provider,
    step_specs.last_completed_part,
    jobs.status,
    jobs.priority,
    jobs.progress,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from studio.step_specs
join work.jobs on jobs.user_id = step_specs.user_id and jobs.id = step_specs.job_id
where step_specs.user_id = (select identity.current_user_id())
    and step_specs.project_id = :project_id
    and step_specs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by step_specs.job_id desc
limit (select :page_size::bigint);

-- name: list_by_scene(scene_id, before_id, page_size)
-- A page of the steps of a scene of the acting user's, newest first, before the one with this id (null for the first page).
-- row: ListedStep
-- null: before_id?
select
    step_specs.job_id as id,
    step_specs.scene_id,
    step_specs.step,
    step_specs.provider,
    step_specs.last_completed_part,
    jobs.status,
    jobs.priority,
    jobs.progress,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from studio.step_specs
join work.jobs on jobs.user_id = step_specs.user_id and jobs.id = step_specs.job_id
where step_specs.user_id = (select identity.current_user_id())
    and step_specs.scene_id = :scene_id
    and step_specs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by step_specs.job_id desc
limit (select :page_size::bigint);

-- name: get_cost(project_id)^
-- What all steps of the acting user's project used and cost, cleared ones too.
-- row: Cost
-- null: steps! tokens_in! tokens_out! cost_micros!
select
    count(*) as steps,
    coalesce(sum(tokens_in), 0)::bigint as tokens_in,
    coalesce(sum(tokens_out), 0)::bigint as tokens_out,
    coalesce(sum(cost_micros), 0)::bigint as cost_micros
from studio.step_costs
where user_id = (select identity.current_user_id()) and project_id = :project_id;

-- name: list_costs(project_id)
-- The same for each kind of step and provider, the dearest first.
-- row: CostOfKind
-- null: steps! tokens_in! tokens_out! cost_micros!
select
    step,
    provider,
    count(*) as steps,
    sum(tokens_in)::bigint as tokens_in,
    sum(tokens_out)::bigint as tokens_out,
    sum(cost_micros)::bigint as cost_micros
from studio.step_costs
where user_id = (select identity.current_user_id()) and project_id = :project_id
group by step, provider
order by cost_micros desc, step, provider
limit 1000;

-- name: claim(limit, lease)
-- Up to limit steps for the acting worker, with what each is to do and how far it is. The attempt is the token to report with.
-- null: lease? user_id! id! attempt! lease_expires_at! step! last_completed_part! config! result!
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
    last_completed_part,
    config,
    result
from studio.claim_steps(:limit, coalesce(:lease::interval, interval '60 seconds'));

-- name: report(user_id, id, attempt, provider_task_id, last_completed_part, tokens_in, tokens_out, cost_micros, result, provider)!
-- Keeps the provider's task, the last part that is done, what this attempt has used and cost so far, and what was made. What is null stays as it was, and no number falls. Refused without the current lease.
-- null: provider_task_id? last_completed_part? tokens_in? tokens_out? cost_micros? result? provider?
select studio.report_step(
    :user_id,
    :id,
    :attempt,
    :provider_task_id,
    :last_completed_part,
    :tokens_in,
    :tokens_out,
    :cost_micros,
    :result,
    :provider
) as reported;

-- name: finish(user_id, id, attempt, provider_task_id, last_completed_part, tokens_in, tokens_out, cost_micros, result, provider)!
-- Completes a step, with a last report. Refused without the current lease.
-- null: provider_task_id? last_completed_part? tokens_in? tokens_out? cost_micros? result? provider?
select studio.finish_step(
    :user_id,
    :id,
    :attempt,
    :provider_task_id,
    :last_completed_part,
    :tokens_in,
    :tokens_out,
    :cost_micros,
    :result,
    :provider
) as finished;

-- name: resume(project_id, scene_id, user_id)
-- The steps of a project, or of one of its scenes, that failed or were cancelled and wait anew, in their order; what is completed stays.
-- row: ResumedStep
-- null: scene_id? user_id? id! step! status!
select
    id,
    step,
    status
from studio.resume_steps(:project_id, :scene_id, :user_id)
order by id;

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

-- name: finish_with_outputs(user_id, id, attempt, uris, sizes_bytes, media_types)!
-- Completes a job and keeps the files that it began, by their URIs. A size that is null is what was reserved; one that was kept before stays as it is. Refused without the current lease.
-- null: sizes_bytes? media_types?
select studio.finish_with_outputs(
    :user_id,
    :id,
    :attempt,
    :uris,
    :sizes_bytes,
    :media_types
) as finished;
