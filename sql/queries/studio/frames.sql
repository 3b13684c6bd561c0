-- The frames of an animation, in order, many in one call.

-- name: add_many(animation_id, durations_ms, asset_ids, pivots_x, pivots_y, sources_x, sources_y, source_widths, source_heights, at_position, user_id)
-- The frames just added in this order, as many as the longest list has, at the end or from a place on. A list that is null says nothing of any frame.
-- row: PlacedFrame
-- null: durations_ms? asset_ids? pivots_x? pivots_y? sources_x? sources_y? source_widths? source_heights? at_position? user_id? id! position!
select
    id,
    place as position
from studio.add_frames(
    :animation_id,
    :durations_ms,
    :asset_ids,
    :pivots_x,
    :pivots_y,
    :sources_x,
    :sources_y,
    :source_widths,
    :source_heights,
    :at_position,
    :user_id
)
order by nth;

-- name: list(animation_id, after_position, page_size)
-- A page of an animation's frames in their order, with the URIs of what shows them, after this place (null for the first page).
-- row: Frame
-- null: after_position?
select
    frames.id,
    frames.position,
    frames.duration_ms,
    frames.pivot_x,
    frames.pivot_y,
    frames.source_x,
    frames.source_y,
    frames.source_width,
    frames.source_height,
    frames.asset_id,
    assets.uri,
    assets.width as asset_width,
    assets.height as asset_height
from studio.frames
left join studio.assets
    on assets.user_id = frames.user_id and assets.id = frames.asset_id
where frames.user_id = (select identity.current_user_id())
    and frames.animation_id = :animation_id
    and frames.position > coalesce(:after_position::integer, 0)
order by frames.position
limit (select :page_size::bigint);

-- name: move_many(animation_id, ids, to_position, user_id)$
-- How many frames moved when these were put side by side in this order, the first at this place.
-- null: user_id? moved!
select studio.move_frames(:animation_id, :ids, :to_position, :user_id) as moved;

-- name: set_durations(animation_id, ids, durations_ms, user_id)$
-- How many frames were given other durations.
-- null: user_id? changed!
select studio.set_durations(
    :animation_id,
    :ids,
    :durations_ms,
    :user_id
) as changed;

-- name: show_many(animation_id, ids, asset_ids, user_id)$
-- How many frames are shown by other assets now.
-- null: user_id? changed!
select studio.show_frames(:animation_id, :ids, :asset_ids, :user_id) as changed;

-- name: set_pivot(id, pivot_x, pivot_y)!
-- The pivot of one frame set anew, in pixels from its upper left corner; null is none.
-- null: pivot_x? pivot_y?
update studio.frames
set
    pivot_x = :pivot_x,
    pivot_y = :pivot_y
where id = :id and user_id = (select identity.current_user_id());

-- name: delete_many(animation_id, ids, user_id)$
-- How many frames were taken away; the gaps are closed, in tags too.
-- null: user_id? deleted!
select studio.delete_frames(:animation_id, :ids, :user_id) as deleted;
