-- Which project a job works for, whatever its kind.

-- name: link(project_id, job_ids, user_id)$
-- How many of these jobs work for this project from now on, and did not before; one that works for another project is refused.
-- null: user_id? linked!
select studio.link_jobs(:project_id, :job_ids, :user_id) as linked;

-- name: list(project_id, before_id, page_size)
-- A page of the jobs of the acting user's project, newest first, before the one with this id (null for the first page).
-- row: ProjectJob
-- null: before_id?
select
    jobs.id,
    jobs.kind,
    jobs.status,
    jobs.progress,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class,
    project_jobs.linked_at
from studio.project_jobs
join work.jobs
    on jobs.user_id = project_jobs.user_id and jobs.id = project_jobs.job_id
where project_jobs.user_id = (select identity.current_user_id())
    and project_jobs.project_id = :project_id
    and project_jobs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by project_jobs.job_id desc
limit (select :page_size::bigint);

-- name: cancel_all(project_id, reason, user_id)^
-- How many jobs of a project were cancelled at once, since they waited, and how many that run were asked to stop.
-- row: CancelledJobs
-- null: reason? user_id? cancelled! asked!
select
    cancelled,
    asked
from studio.cancel_jobs(:project_id, :reason, :user_id);

-- name: unlink(project_id, job_ids, user_id)$
-- How many of these jobs worked for this project and do no more. A step stays.
-- null: user_id? unlinked!
select studio.unlink_jobs(:project_id, :job_ids, :user_id) as unlinked;

-- name: list_assets(job_id)
-- The assets that a job reads and made.
-- row: JobAsset
select
    assets.id,
    job_assets.use,
    assets.kind,
    assets.state,
    assets.uri,
    assets.name,
    assets.size_bytes,
    assets.media_type
from studio.job_assets
join studio.assets
    on assets.user_id = job_assets.user_id and assets.id = job_assets.asset_id
where job_assets.job_id = :job_id
order by job_assets.use, assets.id
limit 10000;

-- name: add_inputs(job_id, asset_ids, user_id)$
-- How many of these assets a job reads from now on, and did not before: they stay until it has ended.
-- null: user_id? added!
select studio.add_inputs(:job_id, :asset_ids, :user_id) as added;
