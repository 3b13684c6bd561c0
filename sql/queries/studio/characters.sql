-- Who appears in a project: plain rows of their owner.

-- name: create(project_id, name, description, config)^
-- The character just created by the acting user.
-- row: Character
-- null: description? config?
insert into studio.characters (user_id, project_id, name, description, config)
values (
    (select identity.current_user_id()),
    :project_id,
    :name,
    :description,
    coalesce(:config::jsonb, '{}')
)
returning
    id,
    project_id,
    name,
    description,
    config,
    created_at,
    updated_at,
    deleted_at;

-- name: get(id)^
-- The acting user's character with this id, a deleted one too.
-- row: Character
select
    id,
    project_id,
    name,
    description,
    config,
    created_at,
    updated_at,
    deleted_at
from studio.characters
where id = :id and user_id = (select identity.current_user_id());

-- name: list(project_id, after_name, page_size)
-- A page of a project's living characters by their names, after this one (null for the first page).
-- row: ListedCharacter
-- null: after_name?
select
    id,
    name,
    description
from studio.characters
where user_id = (select identity.current_user_id())
    and project_id = :project_id
    and deleted_at is null
    and name > coalesce(:after_name::text, '')
order by name
limit (select :page_size::bigint);

-- name: update(id, name, description, config)^
-- The acting user's living character with these set anew; null is no description.
-- row: ChangedCharacter
-- null: description?
update studio.characters
set
    name = :name,
    description = :description,
    config = :config
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    name,
    updated_at;

-- name: delete(id)^
-- The character just deleted; its animations are listed no more.
-- row: ChangedCharacter
update studio.characters
set deleted_at = now()
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    name,
    updated_at;

-- name: restore(id)^
-- The character that lives again, with its animations.
-- row: ChangedCharacter
update studio.characters
set deleted_at = null
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is not null
returning
    id,
    name,
    updated_at;

-- name: find_by_name(project_id, name)^
-- The living character of the acting user with this name.
-- row: Character
select
    id,
    project_id,
    name,
    description,
    config,
    created_at,
    updated_at,
    deleted_at
from studio.characters
where user_id = (select identity.current_user_id())
    and project_id = :project_id
    and name = :name
    and deleted_at is null;
