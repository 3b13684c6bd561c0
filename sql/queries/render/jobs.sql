-- Render jobs: their life and their content in one row.

-- name: submit(output_path, template_path, project_path, data_path, project_name, output_name, frame_start, frame_end, frame_step, nexrender_job_id, nexrender_config, priority, labels, max_failures, backoff_s, estimated_s, due_at, auto_cancel_at, idempotency_key, needs_job_ids, on_failure)^
-- The job just submitted by the acting user, in one statement; a repeat of an idempotency key gives the job that is there.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! nexrender_config? priority? labels? max_failures? backoff_s? needs_job_ids? on_failure? template_path? project_path? data_path? project_name? output_name? frame_start? frame_end? frame_step? nexrender_job_id? estimated_s? due_at? auto_cancel_at? idempotency_key?
with locked as materialized (
    select work.lock_needed(:needs_job_ids) as jobs
),

job as (
    insert into work.jobs (
        user_id,
        kind,
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key
    )
    select
        (select identity.current_user_id()) as user_id,
        'render' as kind,
        coalesce(:priority::smallint, 5) as priority,
        coalesce(:labels::text[], '{}') as labels,
        coalesce(:max_failures::integer, 3) as max_failures,
        coalesce(:backoff_s::integer, 10) as backoff_s,
        :estimated_s,
        :due_at,
        :auto_cancel_at,
        :idempotency_key
    from locked
    on conflict (user_id, idempotency_key) where idempotency_key is not null do nothing
    returning
        user_id,
        id,
        status,
        attempt,
        queued_at
),

spec as (
    insert into render.specs (
        user_id,
        job_id,
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
    )
    select
        job.user_id,
        job.id,
        :project_name,
        :output_name,
        :project_path,
        :template_path,
        :data_path,
        :output_path,
        :frame_start,
        :frame_end,
        :frame_step,
        :nexrender_job_id,
        :nexrender_config
    from job
),

needed as (
    select distinct listed.job_id
    from unnest((select :needs_job_ids::uuid[])) as listed (job_id)
),

link as (
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select
        job.user_id,
        job.id,
        needed.job_id,
        coalesce(:on_failure::work.dependency_rule, 'cancel') as on_failure
    from job
    cross join needed
)

select
    true as is_new,
    user_id,
    id,
    queued_at
from job
union all
select
    false as is_new,
    submitted.user_id,
    submitted.id,
    submitted.queued_at
from work.find_submitted(:idempotency_key) as submitted
where not exists (
    select
    from job
);

-- name: submit_many(output_paths, template_paths, project_paths, data_paths, project_names, output_names, frame_starts, frame_ends, frame_steps, nexrender_job_ids, nexrender_configs, priorities, estimates_s, idempotency_keys, labels, max_failures, backoff_s, due_at, auto_cancel_at)
-- The acting user's jobs just submitted, in the order given, all of them or none; a repeat of an idempotency key gives the job that is there. A list that is null says nothing of any job.
-- row: Submitted
-- null: is_new! user_id! id! queued_at! template_paths? project_paths? data_paths? project_names? output_names? frame_starts? frame_ends? frame_steps? nexrender_job_ids? nexrender_configs? priorities? estimates_s? idempotency_keys? labels? max_failures? backoff_s? due_at? auto_cancel_at?
select
    is_new,
    user_id,
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
    coalesce(:max_failures::integer, 3),
    coalesce(:backoff_s::integer, 10),
    :due_at,
    :auto_cancel_at
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

-- name: list(before_id, page_size)
-- A page of the acting user's render jobs, newest first, before the one with this id (null for the first page).
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
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_by_project(project_path, before_id, page_size)
-- A page of the acting user's render jobs of a project, newest first.
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
where user_id = (select identity.current_user_id())
    and project_path = :project_path
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_by_output(output_path, before_id, page_size)
-- A page of the acting user's render jobs that write to this output, newest first.
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
where user_id = (select identity.current_user_id())
    and output_path = :output_path
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: claim(limit, labels, lease)
-- Up to limit render jobs for the acting worker, with what each is to do. The attempt is the token to report with.
-- null: labels? lease? user_id! id! attempt! lease_expires_at!
select
    claimed.user_id,
    claimed.id,
    claimed.attempt,
    claimed.lease_expires_at,
    specs.project_name,
    specs.output_name,
    specs.project_path,
    specs.template_path,
    specs.data_path,
    specs.output_path,
    specs.frame_start,
    specs.frame_end,
    specs.frame_step,
    specs.nexrender_job_id,
    specs.nexrender_config
from work.claim(
    :limit,
    :labels,
    '{render}',
    coalesce(:lease::interval, interval '60 seconds')
) as claimed
join render.specs on specs.user_id = claimed.user_id and specs.job_id = claimed.id;

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
