-- Presets: settings that people use again. Own ones, and the standard ones that everybody has.

-- name: create(kind, name, settings, is_default, user_id)^
-- The preset just created by the acting user, or for the one that an administrator names; as the default of its kind, it takes the place of the one before.
-- row: CreatedPreset
-- null: settings? is_default? user_id? id! created_at!
select
    id,
    created_at
from studio.create_preset(
    :kind,
    :name,
    coalesce(:settings::jsonb, '{}'),
    coalesce(:is_default::boolean, false),
    :user_id
);

-- name: get(id)^
-- The acting user's own preset with this id, a deleted one too.
-- row: Preset
select
    user_id,
    id,
    kind,
    name,
    settings,
    is_default,
    created_at,
    updated_at,
    deleted_at,
    purge_at
from studio.presets
where id = :id and user_id = (select identity.current_user_id());

-- name: choose(kind)^
-- The preset of a kind where nobody names one: the own default, else the standard one.
-- row: PresetChoice
-- null: kind! name! settings! is_default! is_chosen! is_standard! preset_id? standard_preset_id?
select
    kind,
    name,
    settings,
    is_default,
    is_chosen,
    is_standard,
    preset_id,
    standard_preset_id
from studio.preset_choices
where kind = :kind
    and is_chosen
    and (is_standard or user_id = (select identity.current_user_id()))
order by is_standard, name, preset_id
limit 1;

-- name: list_choices(kind, page_size)
-- What the acting user may choose of a kind: own presets first, by name.
-- row: PresetChoice
-- null: kind! name! settings! is_default! is_chosen! is_standard! preset_id? standard_preset_id?
select
    kind,
    name,
    settings,
    is_default,
    is_chosen,
    is_standard,
    preset_id,
    standard_preset_id
from studio.preset_choices
where kind = :kind
    and (is_standard or user_id = (select identity.current_user_id()))
order by is_standard, name, preset_id
limit (select :page_size::bigint);

-- name: list_deleted(before_at, before_id, page_size)
-- A page of the acting user's deleted presets, the last deleted first, before the one that was deleted then (null for the first page).
-- row: DeletedPreset
-- null: before_at? before_id? deleted_at!
select
    id,
    kind,
    name,
    deleted_at,
    purge_at
from studio.presets
where user_id = (select identity.current_user_id())
    and deleted_at is not null
    and (deleted_at, id) < (
        coalesce(:before_at::timestamptz, 'infinity'),
        coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
order by deleted_at desc, id desc
limit (select :page_size::bigint);

-- name: update(id, name, settings)^
-- The acting user's living preset with these set anew.
-- row: ChangedPreset
update studio.presets
set
    name = :name,
    settings = :settings
where id = :id
    and user_id = (select identity.current_user_id())
    and deleted_at is null
returning
    id,
    name,
    updated_at;

-- name: set_default(id, user_id)!
-- This preset is the default of its kind, and the one before is not.
-- null: user_id?
select studio.set_default_preset(:id, :user_id) as is_set;

-- name: clear_default(kind, user_id)!
-- No own preset of this kind is the default any more: the standard one is chosen.
-- null: user_id?
select studio.clear_default_preset(:kind, :user_id) as is_cleared;

-- name: delete(id, user_id)^
-- When a preset was deleted, and from when it is purged: until then it can be restored.
-- null: user_id? deleted_at!
select
    deleted_at,
    purge_at
from studio.delete_preset(:id, :user_id);

-- name: restore(id, user_id)!
-- A deleted preset lives again, and is no default.
-- null: user_id?
select studio.restore_preset(:id, :user_id) as restored;
