-- What people choose again and again: their own presets and the standard ones.

-- name: create(kind, name, settings, is_default)^
-- The preset just created by the acting user.
-- row: Preset
-- null: settings? is_default?
insert into studio.presets (user_id, kind, name, settings, is_default)
values (
    (select identity.current_user_id()),
    :kind,
    :name,
    coalesce(:settings::jsonb, '{}'),
    coalesce(:is_default::boolean, false)
)
returning
    id,
    kind,
    name,
    settings,
    is_default,
    updated_at;

-- name: get(id)^
-- The acting user's own preset with this id.
-- row: Preset
select
    id,
    kind,
    name,
    settings,
    is_default,
    updated_at
from studio.presets
where id = :id and user_id = (select identity.current_user_id());

-- name: choose(kind)^
-- The preset of a kind that is chosen where nobody chose: the own default, else the standard one.
-- row: PresetChoice
-- null: user_id? id! kind! name! settings! is_default!
select
    user_id,
    id,
    kind,
    name,
    settings,
    is_default
from studio.preset_choices
where kind = :kind
    and is_default
    and (user_id is null or user_id = (select identity.current_user_id()))
order by user_id nulls last
limit 1;

-- name: list(kind, page_size)
-- What one may choose of a kind: one's own presets, then the standard ones.
-- row: PresetChoice
-- null: user_id? id! kind! name! settings! is_default!
select
    user_id,
    id,
    kind,
    name,
    settings,
    is_default
from studio.preset_choices
where kind = :kind
    and (user_id is null or user_id = (select identity.current_user_id()))
order by user_id nulls last, name, id
limit (select :page_size::bigint);

-- name: update(id, name, settings)^
-- The acting user's preset with these set anew.
-- row: Preset
update studio.presets
set
    name = :name,
    settings = :settings
where id = :id and user_id = (select identity.current_user_id())
returning
    id,
    kind,
    name,
    settings,
    is_default,
    updated_at;

-- name: set_default(id)!
-- Makes a preset the default of its kind, in place of the one before.
select studio.set_default_preset(:id) as chosen;

-- name: delete(id)!
-- How many presets were deleted: one or none.
delete from studio.presets
where id = :id and user_id = (select identity.current_user_id());
