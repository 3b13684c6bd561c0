-- The jobs of a project, of any kind, and the assets that they read and made.

-- name: link(project_id, job_id, scene_id, input_asset_ids, user_id)!
-- A job belongs to a project, or to one of its scenes, from now on, and reads these assets.
-- null: scene_id? input_asset_ids? user_id?
select
    studio.link_job(
        :project_id,
        :job_id,
        :scene_id,
        :input_asset_ids,
        :user_id
    ) as linked;

-- name: list(project_id, before_id, page_size)
-- A page of a project's jobs, newest first, before the one with this id (null for the first page).
-- row: ProjectJob
-- null: before_id?
select
    jobs.id,
    project_jobs.scene_id,
    jobs.kind,
    jobs.status,
    jobs.progress,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.error_class
from studio.project_jobs
join work.jobs
    on jobs.user_id = project_jobs.user_id and jobs.id = project_jobs.job_id
where project_jobs.user_id = (select identity.current_user_id())
    and project_jobs.project_id = :project_id
    and project_jobs.job_id
    < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by project_jobs.job_id desc
limit (select :page_size::bigint);

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

-- name: cancel_all(project_id, reason, user_id)$
-- How many jobs of a project were asked to be cancelled: all that have not ended.
-- null: reason? user_id? cancelled!
select studio.cancel_project_jobs(:project_id, :reason, :user_id) as cancelled;
