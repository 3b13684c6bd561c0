-- The tags of an animation: stretches of frames, which may overlap.

-- name: list(animation_id)
-- The tags of an animation in the order of their first frames.
-- row: Tag
select
    id,
    name,
    first_position,
    last_position,
    playback,
    repeats
from studio.tags
where user_id = (select identity.current_user_id()) and animation_id = :animation_id
order by first_position, id
limit 10000;

-- name: set_all(animation_id, names, first_positions, last_positions, playbacks, repeats, user_id)$
-- How many tags an animation has now, in place of those that it had.
-- null: playbacks? repeats? user_id? made!
select
    studio.set_tags(
        :animation_id,
        :names,
        :first_positions,
        :last_positions,
        :playbacks,
        :repeats,
        :user_id
    ) as made;
