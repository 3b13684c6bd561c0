-- Render jobs: their life and their content in one row.

-- name: submit(output_path, template_path, project_path, data_path, project_name, output_name, frame_start, frame_end, frame_step, nexrender_job_id, nexrender_config, priority, labels, max_failures, backoff_s, estimated_s, due_at, auto_cancel_at, idempotency_key, needs_job_ids, on_failure, validate_first, user_id)^
-- The job just submitted by the acting user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! nexrender_config? priority? labels? max_failures? backoff_s? needs_job_ids? on_failure? template_path? project_path? data_path? project_name? output_name? frame_start? frame_end? frame_step? nexrender_job_id? estimated_s? due_at? auto_cancel_at? idempotency_key? validate_first? :user_id?
select
    is_new,
    owner_id as user_id,
    id,
    queued_at
from render.submit(
    :output_path,
    :template_path,
    :project_path,
    :data_path,
    :project_name,
    :output_name,
    :frame_start,
    :frame_end,
    :frame_step,
    :nexrender_job_id,
    :nexrender_config,
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

-- name: submit_many(output_paths, template_paths, project_paths, data_paths, project_names, output_names, frame_starts, frame_ends, frame_steps, nexrender_job_ids, nexrender_configs, priorities, estimates_s, idempotency_keys, labels, label_lists, max_failures, backoff_s, due_at, auto_cancel_at, user_id)
-- The acting user's jobs just submitted, in the order given, all of them or none; a repeat of an idempotency key gives the job that is there. A list that is null says nothing of any job; label_lists holds a list of labels for each.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! template_paths? project_paths? data_paths? project_names? output_names? frame_starts? frame_ends? frame_steps? nexrender_job_ids? nexrender_configs? priorities? estimates_s? idempotency_keys? labels? label_lists? max_failures? backoff_s? due_at? auto_cancel_at? :user_id?
select
    is_new,
    owner_id as user_id,
    id,
    queued_at
from render.submit_many(
    :output_paths,
    :template_paths,
    :project_paths,
    :data_paths,
    :project_names,
    :output_names,
    :frame_starts,
    :frame_ends,
    :frame_steps,
    :nexrender_job_ids,
    :nexrender_configs,
    :priorities,
    :estimates_s,
    :idempotency_keys,
    coalesce(:labels::text[], '{}'),
    :label_lists,
    coalesce(:max_failures::integer, 3),
    coalesce(:backoff_s::integer, 10),
    :due_at,
    :auto_cancel_at,
    :user_id
)
order by nth;

-- name: get(id)^
-- The acting user's render job with this id.
-- row: Job
-- null: user_id! id! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! output_path! output_path_style! submitted_by! queued_at!
select
    user_id,
    id,
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
    project_name,
    output_name,
    project_path,
    template_path,
    data_path,
    output_path,
    output_path_style,
    frame_start,
    frame_end,
    frame_step,
    nexrender_job_id,
    nexrender_config,
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
from render.jobs
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The render job with this id alone, whoever owns it, for who sees every row.
-- row: Job
-- null: user_id! id! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! output_path! output_path_style! submitted_by! queued_at!
select
    jobs.user_id,
    jobs.id,
    jobs.status,
    jobs.priority,
    jobs.progress,
    jobs.attempt,
    jobs.failures,
    jobs.max_failures,
    jobs.lost_leases,
    jobs.backoff_s,
    jobs.estimated_s,
    jobs.actual_s,
    jobs.labels,
    jobs.project_name,
    jobs.output_name,
    jobs.project_path,
    jobs.template_path,
    jobs.data_path,
    jobs.output_path,
    jobs.output_path_style,
    jobs.frame_start,
    jobs.frame_end,
    jobs.frame_step,
    jobs.nexrender_job_id,
    jobs.nexrender_config,
    jobs.submitted_by,
    jobs.idempotency_key,
    jobs.held_by,
    jobs.lease_expires_at,
    jobs.exit_code,
    jobs.error_class,
    jobs.error_message,
    jobs.cancel_reason,
    jobs.due_at,
    jobs.auto_cancel_at,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at
from render.specs
join render.jobs on jobs.user_id = specs.user_id and jobs.id = specs.job_id
where specs.job_id = :id;

-- name: list(status, before_id, page_size)
-- A page of the acting user's render jobs, newest first, before the one with this id (null for the first page); of one status where it is named (rendering, which is the queue's running).
-- row: ListedJob
-- null: :status? before_id? id! status! priority! progress! queued_at!
select
    jobs.id,
    render.to_render(jobs.status) as status,
    jobs.priority,
    jobs.progress,
    specs.project_name,
    specs.output_name,
    specs.output_path,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from work.list_own_jobs(
    render.to_work(:status),
    'render',
    :before_id,
    :page_size
) as jobs
join render.specs on specs.user_id = jobs.user_id and specs.job_id = jobs.id
order by jobs.id desc;

-- name: list_by_project(project_path, before_id, page_size)
-- A page of the acting user's render jobs of a project, newest first.
-- row: ListedJob
-- null: status! output_path! before_id?
select
    jobs.id,
    render.to_render(jobs.status) as status,
    jobs.priority,
    jobs.progress,
    specs.project_name,
    specs.output_name,
    specs.output_path,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from render.specs
join work.jobs on jobs.user_id = specs.user_id and jobs.id = specs.job_id
where specs.user_id = (select identity.current_user_id())
    and specs.project_path = :project_path
    and specs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by specs.job_id desc
limit (select :page_size::bigint);

-- name: list_by_output(output_path, before_id, page_size)
-- A page of the acting user's render jobs that write to this output, newest first.
-- row: ListedJob
-- null: status! output_path! before_id?
select
    jobs.id,
    render.to_render(jobs.status) as status,
    jobs.priority,
    jobs.progress,
    specs.project_name,
    specs.output_name,
    specs.output_path,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from render.specs
join work.jobs on jobs.user_id = specs.user_id and jobs.id = specs.job_id
where specs.user_id = (select identity.current_user_id())
    and specs.output_path = :output_path
    and specs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by specs.job_id desc
limit (select :page_size::bigint);

-- name: set_names(id, project_name, output_name)!
-- Gives a render job's project and output other names; null for none.
-- null: project_name? output_name?
select render.set_names(:id, :project_name, :output_name) as named;

-- name: claim(limit, lease)
-- Up to limit render jobs for the acting worker, with what each is to do. The attempt is the token to report with.
-- null: lease? user_id! id! attempt! lease_expires_at! output_path!
select
    user_id,
    id,
    attempt,
    lease_expires_at,
    project_name,
    output_name,
    project_path,
    template_path,
    data_path,
    output_path,
    frame_start,
    frame_end,
    frame_step,
    nexrender_job_id,
    nexrender_config
from render.claim(:limit, coalesce(:lease::interval, interval '60 seconds'));

-- name: finish(user_id, id, attempt, paths, sizes_bytes, media_types)!
-- Completes a render job and keeps the files that it made. Refused without the current lease.
select render.finish(
    :user_id,
    :id,
    :attempt,
    coalesce(:paths::text[], '{}'),
    coalesce(:sizes_bytes::bigint[], '{}'),
    coalesce(:media_types::text[], '{}')
) as finished;

-- name: list_outputs(job_id)
-- The files that a job made, in the order in which they were reported.
select
    id,
    attempt,
    path,
    size_bytes,
    media_type,
    created_at
from render.outputs
where job_id = :job_id
order by id
limit 10000;

-- name: get_nexrender_problem(config)$
-- What a nexrender server would refuse in a configuration, as a sentence that names the path in it; null where nothing.
-- null: problem?
select render.nexrender_problem(:config) as problem;
