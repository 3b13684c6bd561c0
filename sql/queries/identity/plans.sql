-- What a user may use. An administrator changes it; nobody needs a migration for it.

-- name: create(id, name, max_projects, max_active_jobs, max_daily_jobs, max_stored_bytes, max_priority, keep_ended_jobs_days, keep_deleted_days, max_open_requests, max_daily_requests, max_daily_downloads, share)^
-- The plan just created; a limit that is null is none, a share that is null is 1.
-- row: Plan
-- null: max_projects? max_active_jobs? max_daily_jobs? max_stored_bytes? max_priority? keep_ended_jobs_days? keep_deleted_days? max_open_requests? max_daily_requests? max_daily_downloads?
insert into identity.plans (
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    keep_deleted_days,
    max_open_requests,
    max_daily_requests,
    max_daily_downloads,
    share
)
values (
    :id,
    :name,
    :max_projects,
    :max_active_jobs,
    :max_daily_jobs,
    :max_stored_bytes,
    :max_priority,
    :keep_ended_jobs_days,
    :keep_deleted_days,
    :max_open_requests,
    :max_daily_requests,
    :max_daily_downloads,
    coalesce(:share::bigint, 1)
)
returning
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    keep_deleted_days,
    max_open_requests,
    max_daily_requests,
    max_daily_downloads,
    share,
    created_at,
    updated_at;

-- name: get(id)^
-- The plan with this id.
-- row: Plan
select
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    keep_deleted_days,
    max_open_requests,
    max_daily_requests,
    max_daily_downloads,
    share,
    created_at,
    updated_at
from identity.plans
where id = :id;

-- name: list(after_id, page_size)
-- A page of plans in the order of their ids, after this one (null for the first page).
-- row: Plan
select
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    keep_deleted_days,
    max_open_requests,
    max_daily_requests,
    max_daily_downloads,
    share,
    created_at,
    updated_at
from identity.plans
where id > coalesce(:after_id::text, '')
order by id
limit (select :page_size::bigint);

-- name: update(id, name, max_projects, max_active_jobs, max_daily_jobs, max_stored_bytes, max_priority, keep_ended_jobs_days, keep_deleted_days, max_open_requests, max_daily_requests, max_daily_downloads, share)^
-- The plan with all its limits set anew; a limit that is null is none.
-- row: Plan
update identity.plans
set
    name = :name,
    max_projects = :max_projects,
    max_active_jobs = :max_active_jobs,
    max_daily_jobs = :max_daily_jobs,
    max_stored_bytes = :max_stored_bytes,
    max_priority = :max_priority,
    keep_ended_jobs_days = :keep_ended_jobs_days,
    keep_deleted_days = :keep_deleted_days,
    max_open_requests = :max_open_requests,
    max_daily_requests = :max_daily_requests,
    max_daily_downloads = :max_daily_downloads,
    share = :share
where id = :id
returning
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    keep_deleted_days,
    max_open_requests,
    max_daily_requests,
    max_daily_downloads,
    share,
    created_at,
    updated_at;

-- name: delete(id)!
-- How many plans were deleted: one or none; refused while a user has it.
delete from identity.plans
where id = :id;
