-- What characters do: plain rows of their owner, and the way from and to Aseprite.

-- name: create(character_id, name, frames_per_second, playback, repeats)^
-- The animation just created by the acting user.
-- row: Animation
-- null: frames_per_second? playback? repeats?
insert into studio.animations (
    user_id,
    character_id,
    name,
    frames_per_second,
    playback,
    repeats
)
values (
    (select identity.current_user_id()),
    :character_id,
    :name,
    coalesce(:frames_per_second::smallint, 12::smallint),
    coalesce(:playback::studio.playback, 'forward'),
    :repeats
)
returning
    id,
    project_id,
    character_id,
    name,
    frames_per_second,
    playback,
    repeats,
    created_at,
    updated_at,
    deleted_at;

-- name: get(id)^
-- The acting user's animation with this id, a deleted one too.
-- row: Animation
select
    id,
    project_id,
    character_id,
    name,
    frames_per_second,
    playback,
    repeats,
    created_at,
    updated_at,
    deleted_at
from studio.animations
where id = :id and user_id = (select identity.current_user_id());

-- name: list(character_id, after_name, page_size)
-- A page of a living character's living animations by their names, after this one (null for the first page).
-- row: ListedAnimation
-- null: after_name?
select
    animations.id,
    animations.name,
    animations.frames_per_second,
    animations.playback,
    animations.repeats
from studio.characters
join studio.animations
    on animations.user_id = characters.user_id
    and animations.character_id = characters.id
where characters.user_id = (select identity.current_user_id())
    and characters.id = :character_id
    and characters.deleted_at is null
    and animations.deleted_at is null
    and animations.name > coalesce(:after_name::text, '')
order by animations.name
limit (select :page_size::bigint);

-- name: update(id, name, frames_per_second, playback, repeats)^
-- The acting user's living animation with these set anew; null repeats for ever.
-- row: ChangedAnimation
-- null: repeats?
update studio.animations
set
    name = :name,
    frames_per_second = :frames_per_second,
    playback = :playback,
    repeats = :repeats
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    name,
    updated_at;

-- name: delete(id)^
-- The animation just deleted; its frames stay, and use their assets, until its project is purged.
-- row: ChangedAnimation
update studio.animations
set deleted_at = now()
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    name,
    updated_at;

-- name: restore(id)^
-- The animation that lives again, with its frames and tags.
-- row: ChangedAnimation
update studio.animations
set deleted_at = null
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is not null
returning
    id,
    name,
    updated_at;

-- name: to_aseprite(id, is_array)$
-- The JSON that Aseprite exports for an animation: frames as an array, or as a hash by file name.
-- null: is_array? exported!
select studio.to_aseprite(:id, coalesce(:is_array::boolean, true)) as exported;

-- name: import_aseprite(character_id, name, data, asset_id, user_id)^
-- The animation just made of what Aseprite exported, in array or hash form. Its image is found by its URI among the user's assets, else it is asset_id.
-- row: ImportedAnimation
-- null: asset_id? user_id? id! frames! tags!
select
    animation_id as id,
    frames,
    tags
from studio.import_aseprite(:character_id, :name, :data, :asset_id, :user_id);

-- name: find_by_name(character_id, name)^
-- The living animation of the acting user with this name.
-- row: Animation
select
    id,
    project_id,
    character_id,
    name,
    frames_per_second,
    playback,
    repeats,
    created_at,
    updated_at,
    deleted_at
from studio.animations
where user_id = (select identity.current_user_id())
    and character_id = :character_id
    and name = :name
    and deleted_at is null;
