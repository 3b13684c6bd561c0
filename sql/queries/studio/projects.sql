-- Projects: what hangs under one carries its id. Deleting marks the project alone.

-- name: create(title, source_text, config, user_id)^
-- The project just created by the acting user, or for the one that an administrator names.
-- row: CreatedProject
-- null: source_text? config? user_id? id! status! created_at!
select
    id,
    status,
    created_at
from studio.create_project(
    :title,
    :source_text,
    coalesce(:config::jsonb, '{}'),
    :user_id
);

-- name: get(id)^
-- The acting user's project with this id, a deleted one too.
-- row: Project
select
    user_id,
    id,
    status,
    title,
    source_text,
    config,
    created_at,
    updated_at,
    deleted_at,
    purge_at
from studio.projects
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The project with this id alone, whoever owns it, for who sees every row.
-- row: Project
select
    user_id,
    id,
    status,
    title,
    source_text,
    config,
    created_at,
    updated_at,
    deleted_at,
    purge_at
from studio.projects
where id = :id;

-- name: list(before_id, page_size)
-- A page of the acting user's living projects, newest first, before the one with this id (null for the first page).
-- row: ListedProject
-- null: before_id?
select
    id,
    status,
    title,
    created_at,
    updated_at
from studio.projects
where user_id = (select identity.current_user_id())
    and deleted_at is null
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_deleted(before_at, before_id, page_size)
-- A page of the acting user's deleted projects, the last deleted first, before the one that was deleted then (null for the first page).
-- row: DeletedProject
-- null: before_at? before_id? deleted_at!
select
    id,
    title,
    deleted_at,
    purge_at
from studio.projects
where user_id = (select identity.current_user_id())
    and deleted_at is not null
    and (deleted_at, id) < (
        coalesce(:before_at::timestamptz, 'infinity'),
        coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
order by deleted_at desc, id desc
limit (select :page_size::bigint);

-- name: update(id, title, source_text, config)^
-- The acting user's living project with these set anew; null is no source text.
-- row: ChangedProject
-- null: source_text?
update studio.projects
set
    title = :title,
    source_text = :source_text,
    config = :config
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    status,
    title,
    updated_at;

-- name: set_status(id, status)^
-- The acting user's living project with another status; studio.transitions says which may follow.
-- row: ChangedProject
update studio.projects
set status = :status
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    status,
    title,
    updated_at;

-- name: delete(id, user_id)^
-- When a project was deleted, and from when it is purged: until then it can be restored. However much hangs under it, one row changes.
-- null: user_id? deleted_at!
select
    deleted_at,
    purge_at
from studio.delete_project(:id, :user_id);

-- name: restore(id, user_id)!
-- A deleted project lives again with all that hung under it; what was deleted on its own before stays deleted.
-- null: user_id?
select studio.restore_project(:id, :user_id) as restored;

-- name: purge(id, user_id)!
-- Deletes a project for good: the sweep clears what hangs under it.
-- null: user_id?
select studio.purge_project(:id, :user_id) as purged;

-- name: find_by_title(title)^
-- The acting user's living project with this title.
-- row: ListedProject
select
    id,
    status,
    title,
    created_at,
    updated_at
from studio.projects
where user_id = (select identity.current_user_id())
    and title = :title
    and deleted_at is null;
