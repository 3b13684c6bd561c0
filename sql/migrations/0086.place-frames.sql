-- A hundred frames in one call: added, moved, timed anew, shown by other assets, taken away. Each call locks the animation, so that
-- positions stay 1 to n whoever else writes; the assets that it names are locked until it ends, so that none goes meanwhile.
-- depends: 0085.create-tags

set local role renderstore_owner;

create function studio.lock_animation(owner uuid, id uuid)
returns studio.animations
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    animation studio.animations;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into animation
            from studio.animations as a
            where a.user_id = owner and a.id = id
            for no key update;
        else
            select * into animation
            from studio.animations as a
            where a.user_id = owner and a.id = id
            for no key update skip locked;
        end if;
        exit when found;
        perform
        from studio.animations as a
        where a.user_id = owner and a.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no animation with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    if animation.id is null then
        raise lock_not_available using
            message = 'Somebody is changing this animation at this moment; try again.';
    elsif animation.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This animation was deleted; restore it first.';
    elsif exists (
        select
        from studio.projects as p
        where p.user_id = owner
            and p.id = animation.project_id
            and p.deleted_at is not null
    )
    then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return animation;
end
$$;
comment on function studio.lock_animation(uuid, uuid) is
    'A user''s living animation, locked for the rest of the transaction; refuses where there is none.';

create function studio.use_assets(owner uuid, ids uuid[], project uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    kept bigint;
begin
    select count(*) into kept
    from (
        select a.id
        from studio.assets as a
        where a.user_id = owner and a.id = any(ids) and a.state = 'kept'
        order by a.id
        for no key update
    ) as locked;
    if kept <> (select count(distinct listed.id) from unnest(ids) as listed (id)) then
        raise exception using
            errcode = 'P0002',
            message = 'There is no kept asset with one of these ids.';
    end if;
    -- What two projects use belongs to none: it does not go, or hide, with one of them.
    update studio.assets as a
    set project_id = null
    where a.user_id = owner and a.id = any(ids) and a.project_id <> project;
end
$$;
comment on function studio.use_assets(uuid, uuid[], uuid) is
    'Locks kept assets that a project is about to use; refuses where one is not there.';

create function studio.add_frames(
    animation_id uuid,
    durations_ms integer[] default null,
    asset_ids uuid[] default null,
    pivots_x integer[] default null,
    pivots_y integer[] default null,
    sources_x integer[] default null,
    sources_y integer[] default null,
    source_widths integer[] default null,
    source_heights integer[] default null,
    at_position integer default null,
    user_id uuid default null
)
returns table (nth bigint, id uuid, place integer)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := coalesce(
        greatest(
            cardinality(durations_ms),
            cardinality(asset_ids),
            cardinality(pivots_x),
            cardinality(pivots_y),
            cardinality(sources_x),
            cardinality(sources_y),
            cardinality(source_widths),
            cardinality(source_heights)
        ),
        0
    )::work.batch_size;
    animation studio.animations;
    there bigint;
    first_place integer;
begin
    animation := studio.lock_animation(owner, animation_id);
    perform studio.use_assets(
        owner,
        array_remove(asset_ids, null),
        animation.project_id
    );
    select count(*) into there
    from studio.frames as f
    where f.user_id = owner and f.animation_id = animation_id;
    first_place := least(greatest(coalesce(at_position, there + 1), 1), there + 1);
    if first_place <= there then
        update studio.frames as f
        set position = f.position + asked
        where f.user_id = owner
            and f.animation_id = animation_id
            and f.position >= first_place;
        perform studio.shift_tags(owner, animation_id, first_place, asked);
    end if;
    return query
    with listed as materialized (
        select l.*, ops.uuidv7() as id
        from unnest(
            durations_ms,
            asset_ids,
            pivots_x,
            pivots_y,
            sources_x,
            sources_y,
            source_widths,
            source_heights
        ) with ordinality
            as l (
                duration_ms,
                asset_id,
                pivot_x,
                pivot_y,
                source_x,
                source_y,
                source_width,
                source_height,
                nth
            )
    ),

    made as (
        insert into studio.frames as f (
            user_id,
            id,
            project_id,
            animation_id,
            position,
            duration_ms,
            asset_id,
            pivot_x,
            pivot_y,
            source_x,
            source_y,
            source_width,
            source_height
        )
        select
            owner,
            l.id,
            animation.project_id,
            animation.id,
            first_place + l.nth - 1,
            coalesce(l.duration_ms, 1000 / animation.frames_per_second),
            l.asset_id,
            l.pivot_x,
            l.pivot_y,
            l.source_x,
            l.source_y,
            l.source_width,
            l.source_height
        from listed as l
        returning f.id, f.position as place
    )

    select l.nth, made.id, made.place
    from made
    join listed as l on l.id = made.id
    order by l.nth;
end
$$;
comment on function studio.add_frames is
    'Frames just added in this order, as many as the longest list has, at the end of their animation or from a place on; what stood there moves behind them, and tags with it.';

create function studio.shift_tags(
    owner uuid,
    animation_id uuid,
    from_position integer,
    by bigint
)
returns void
language sql
volatile
begin atomic
    update studio.tags as t
    set
        first_position = t.first_position
            + case
                when t.first_position >= shift_tags.from_position then shift_tags.by
                else 0
            end,
        last_position = t.last_position + shift_tags.by
    where t.user_id = shift_tags.owner
        and t.animation_id = shift_tags.animation_id
        and t.last_position >= shift_tags.from_position;
end;
comment on function studio.shift_tags(uuid, uuid, integer, bigint) is
    'Tags make room for frames that were put in: a tag around the place grows, one behind it moves.';

create function studio.move_frames(
    animation_id uuid,
    ids uuid[],
    to_position integer,
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    moved bigint;
begin
    perform studio.lock_animation(owner, animation_id);
    if (
        select count(f.id) <> count(*) or count(distinct listed.id) <> count(*)
        from unnest(ids) as listed (id)
        left join studio.frames as f
            on f.user_id = owner and f.animation_id = animation_id and f.id = listed.id
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A move names frames of the animation, each once.';
    end if;
    with counted as (
        -- The others keep their order around the block, which begins where it is told to.
        select
            f.id,
            row_number() over (
                order by
                    case
                        when listed.nth is not null then b.begin_at
                        when f.others < b.begin_at then 0
                        else b.begin_at + 1
                    end,
                    listed.nth,
                    f.position
            ) as nth
        from (
            select
                c.id,
                c.position,
                count(*) filter (where c.id <> all (ids)) over (order by c.position)
                    as others
            from studio.frames as c
            where c.user_id = owner and c.animation_id = animation_id
        ) as f
        left join unnest(ids) with ordinality as listed (id, nth) on listed.id = f.id
        cross join (
            select greatest(to_position, 1) as begin_at
        ) as b
    )

    update studio.frames as f
    set position = counted.nth
    from counted
    where f.user_id = owner and f.id = counted.id and f.position <> counted.nth;
    get diagnostics moved = row_count;
    return moved;
end
$$;
comment on function studio.move_frames(uuid, uuid[], integer, uuid) is
    'Puts frames side by side, in the order in which they are named, so that the first stands at this place; the others keep their order, and tags their places. Says how many moved.';

create function studio.set_durations(
    animation_id uuid,
    ids uuid[],
    durations_ms integer[],
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    changed bigint;
begin
    perform studio.lock_animation(owner, animation_id);
    update studio.frames as f
    set duration_ms = listed.duration_ms
    from unnest(ids, durations_ms) as listed (id, duration_ms)
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.id = listed.id;
    get diagnostics changed = row_count;
    return changed;
end
$$;
comment on function studio.set_durations(uuid, uuid[], integer[], uuid) is
    'Gives frames of an animation other durations, in milliseconds, and says how many.';

create function studio.show_frames(
    animation_id uuid,
    ids uuid[],
    asset_ids uuid[],
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    animation studio.animations;
    changed bigint;
begin
    animation := studio.lock_animation(owner, animation_id);
    perform studio.use_assets(
        owner,
        array_remove(asset_ids, null),
        animation.project_id
    );
    update studio.frames as f
    set asset_id = listed.asset_id
    from unnest(ids, asset_ids) as listed (id, asset_id)
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.id = listed.id;
    get diagnostics changed = row_count;
    return changed;
end
$$;
comment on function studio.show_frames(uuid, uuid[], uuid[], uuid) is
    'Frames of an animation are shown by other assets, null for none; says how many.';

create function studio.delete_frames(
    animation_id uuid,
    ids uuid[],
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    places integer[];
begin
    perform studio.lock_animation(owner, animation_id);
    with gone as (
        delete from studio.frames as f
        where f.user_id = owner
            and f.animation_id = animation_id
            and f.id = any(ids)
        returning f.position
    )

    select coalesce(array_agg(gone.position), '{}') into places
    from gone;
    update studio.frames as f
    set position = f.position - (
        select count(*)
        from unnest(places) as gone (place)
        where gone.place < f.position
    )
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.position > any(places);
    -- A tag keeps what is left of it, and goes with its last frame.
    delete from studio.tags as t
    where t.user_id = owner
        and t.animation_id = animation_id
        and t.last_position - t.first_position + 1 = (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place between t.first_position and t.last_position
        );
    update studio.tags as t
    set
        first_position = t.first_position - (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place < t.first_position
        ),
        last_position = t.last_position - (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place <= t.last_position
        )
    where t.user_id = owner
        and t.animation_id = animation_id
        and t.last_position >= any(places);
    return cardinality(places);
end
$$;
comment on function studio.delete_frames(uuid, uuid[], uuid) is
    'Takes frames out of an animation and closes the gaps, in tags too; says how many.';

create function studio.set_tags(
    animation_id uuid,
    names text[],
    first_positions integer[],
    last_positions integer[],
    playbacks studio.playback[] default null,
    repeats integer[] default null,
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    animation studio.animations;
    made bigint;
begin
    animation := studio.lock_animation(owner, animation_id);
    delete from studio.tags as t
    where t.user_id = owner and t.animation_id = animation_id;
    insert into studio.tags (
        user_id,
        project_id,
        animation_id,
        name,
        first_position,
        last_position,
        playback,
        repeats
    )
    select
        owner,
        animation.project_id,
        animation.id,
        l.name,
        l.first_position,
        l.last_position,
        coalesce(l.playback, 'forward'),
        l.repeats
    from unnest(names, first_positions, last_positions, playbacks, repeats) with ordinality
        as l (name, first_position, last_position, playback, repeats, nth)
    order by l.nth;
    get diagnostics made = row_count;
    if (
        select max(t.last_position)
        from studio.tags as t
        where t.user_id = owner and t.animation_id = animation_id
    ) > (
        select count(*)
        from studio.frames as f
        where f.user_id = owner and f.animation_id = animation_id
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A tag ends at a frame that the animation has.';
    end if;
    return made;
end
$$;
comment on function studio.set_tags(
    uuid,
    text[],
    integer[],
    integer[],
    studio.playback[],
    integer[],
    uuid
) is
    'Gives an animation these tags in place of those that it had; says how many.';

grant execute on function
    studio.add_frames,
    studio.move_frames(uuid, uuid[], integer, uuid),
    studio.set_durations(uuid, uuid[], integer[], uuid),
    studio.show_frames(uuid, uuid[], uuid[], uuid),
    studio.delete_frames(uuid, uuid[], uuid),
    studio.set_tags(
        uuid,
        text[],
        integer[],
        integer[],
        studio.playback[],
        integer[],
        uuid
    )
to renderstore_app, renderstore_admin;
