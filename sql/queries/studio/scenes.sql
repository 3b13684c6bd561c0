-- The scenes of a project, in order. Functions place them; the rest is plain.

-- name: create(project_id, narration, image_prompt, duration_ms, config, at_position, user_id)^
-- The scene just created, at the end of its project or at a place, whence the others move.
-- row: PlacedScene
-- null: narration? image_prompt? duration_ms? config? at_position? user_id? id! position!
select
    id,
    place as position
from studio.create_scenes(
    :project_id,
    array[:narration::text],
    array[:image_prompt::text],
    array[:duration_ms::bigint],
    array[:config::jsonb],
    :at_position,
    :user_id
);

-- name: create_many(project_id, narrations, image_prompts, durations_ms, configs, at_position, user_id)
-- The scenes just created, in the order given, as many as the longest list has, all of them or none. A list that is null says nothing of any scene.
-- row: PlacedScene
-- null: narrations? image_prompts? durations_ms? configs? at_position? user_id? id! position!
select
    id,
    place as position
from studio.create_scenes(
    :project_id,
    :narrations,
    :image_prompts,
    :durations_ms,
    :configs,
    :at_position,
    :user_id
)
order by nth;

-- name: get(id)^
-- The acting user's scene with this id, a deleted one too.
-- row: Scene
select
    user_id,
    id,
    project_id,
    position,
    status,
    narration,
    image_prompt,
    duration_ms,
    config,
    created_at,
    updated_at,
    deleted_at
from studio.scenes
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The scene with this id alone, whoever owns it, for who sees every row.
-- row: Scene
select
    user_id,
    id,
    project_id,
    position,
    status,
    narration,
    image_prompt,
    duration_ms,
    config,
    created_at,
    updated_at,
    deleted_at
from studio.scenes
where id = :id;

-- name: list(project_id, after_position, page_size)
-- A page of a project's living scenes in their order, after this place (null for the first page).
-- row: ListedScene
-- null: after_position? position!
select
    id,
    position,
    status,
    narration,
    image_prompt,
    duration_ms
from studio.scenes
where user_id = (select identity.current_user_id())
    and project_id = :project_id
    and position > coalesce(:after_position::integer, 0)
order by position
limit (select :page_size::bigint);

-- name: list_deleted(project_id, page_size)
-- The last deleted scenes of a project.
-- row: DeletedScene
-- null: deleted_at!
select
    id,
    narration,
    deleted_at
from studio.scenes
where user_id = (select identity.current_user_id())
    and project_id = :project_id
    and position is null
order by deleted_at desc, id desc
limit (select :page_size::bigint);

-- name: update(id, narration, image_prompt, duration_ms, config)^
-- The acting user's living scene with these set anew; null is none.
-- row: ChangedScene
-- null: narration? image_prompt? duration_ms?
update studio.scenes
set
    narration = :narration,
    image_prompt = :image_prompt,
    duration_ms = :duration_ms,
    config = :config
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    status,
    updated_at;

-- name: set_status(id, status)^
-- The acting user's living scene with another status; studio.transitions says which may follow.
-- row: ChangedScene
update studio.scenes
set status = :status
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    status,
    updated_at;

-- name: move(id, to_position, user_id)$
-- The place in its project that a scene has now: 1 to n, and what stands between moved by one.
-- null: user_id? position!
select place as position
from studio.move_scene(:id, :to_position, :user_id);

-- name: reorder(project_id, ids, user_id)$
-- How many scenes moved when the project's were put in this order, which names each living one once.
-- null: user_id? moved!
select studio.reorder_scenes(:project_id, :ids, :user_id) as moved;

-- name: delete_many(ids, user_id)$
-- How many scenes of one project were deleted; the gaps are closed.
-- null: user_id? deleted!
select studio.delete_scenes(:ids, :user_id) as deleted;

-- name: restore(id, user_id)$
-- The place of a scene that was deleted and lives again, as the last of its project.
-- null: user_id? position!
select place as position
from studio.restore_scene(:id, :user_id);
