-- The way back: what Aseprite exports becomes an animation with its frames and tags. Trimmed frames keep their place by their pivot.
-- depends: 0087.export-aseprite

set local role renderstore_owner;

create function studio.aseprite_frames(data json)
returns table (
    nth bigint,
    frame json,
    pivot_x integer,
    pivot_y integer
)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    with listed as (
        select e.nth, e.frame
        from json_array_elements(
            case json_typeof(data -> 'frames') when 'array' then data -> 'frames' end
        ) with ordinality as e (frame, nth)
        union all
        select e.nth, e.frame
        from json_each(
            case json_typeof(data -> 'frames') when 'object' then data -> 'frames' end
        ) with ordinality as e (filename, frame, nth)
    ),

    slices as (
        select s.slice
        from json_array_elements(
            case json_typeof(data #> '{meta,slices}')
                when 'array' then data #> '{meta,slices}'
            end
        ) with ordinality as s (slice, nth)
        where exists (
            select
            from json_array_elements(s.slice -> 'keys') as k (key)
            where json_typeof(k.key -> 'pivot') = 'object'
        )
        order by s.slice ->> 'name' <> 'pivot', s.nth
        limit 1
    )

    select
        listed.nth,
        listed.frame,
        (held.key #>> '{bounds,x}')::integer + (held.key #>> '{pivot,x}')::integer,
        (held.key #>> '{bounds,y}')::integer + (held.key #>> '{pivot,y}')::integer
    from listed
    left join lateral (
        select k.key
        from slices
        cross join json_array_elements(slices.slice -> 'keys') as k (key)
        where (k.key ->> 'frame')::bigint < listed.nth
        order by (k.key ->> 'frame')::bigint desc
        limit 1
    ) as held on true
$$;
comment on function studio.aseprite_frames(json) is
    'The frames of what Aseprite exported, in order, each with the pivot of the slice that has one.';

create function studio.import_aseprite(
    character_id uuid,
    name text,
    data json,
    asset_id uuid default null,
    user_id uuid default null,
    out animation_id uuid,
    out frames bigint,
    out tags bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    made record;
begin
    if octet_length(data::text) > 16777216
        or json_typeof(data -> 'frames') not in ('array', 'object')
        or data -> 'frames' is null
    then
        raise exception using
            errcode = '23514',
            message = 'What Aseprite exports has frames, as an array or a hash, and at most 16 MiB.';
    end if;
    insert into studio.animations as n (
        user_id,
        character_id,
        name,
        playback,
        repeats,
        frames_per_second
    )
    values (
        owner,
        character_id,
        name,
        coalesce(
            (data #>> '{meta,renderstore,playback}')::studio.playback,
            'forward'
        ),
        (data #>> '{meta,renderstore,repeats}')::integer,
        coalesce((data #>> '{meta,renderstore,framesPerSecond}')::smallint, 12)
    )
    returning n.id into animation_id;

    with read as (
        select
            f.nth,
            f.pivot_x,
            f.pivot_y,
            (f.frame ->> 'duration')::integer as duration_ms,
            (f.frame #>> '{frame,x}')::integer as x,
            (f.frame #>> '{frame,y}')::integer as y,
            nullif((f.frame #>> '{frame,w}')::integer, 0) as w,
            nullif((f.frame #>> '{frame,h}')::integer, 0) as h,
            (f.frame ->> 'rotated')::boolean as is_rotated,
            bool_or((f.frame ->> 'trimmed')::boolean) over () as is_trimmed,
            coalesce((f.frame #>> '{spriteSourceSize,x}')::integer, 0) as offset_x,
            coalesce((f.frame #>> '{spriteSourceSize,y}')::integer, 0) as offset_y,
            coalesce(own.id, asset_id) as asset_id,
            own.width,
            own.height
        from studio.aseprite_frames(data) as f
        left join studio.assets as own
            on own.user_id = owner
            and own.state = 'kept'
            and own.uri = coalesce(f.frame ->> 'image', data #>> '{meta,image}')
    ),

    placed as (
        select
            r.*,
            -- All of the asset is no part of it.
            r.w is not null
            and r.h is not null
            and (r.x, r.y, r.w, r.h) is distinct from (0, 0, r.width, r.height) as is_part
        from read as r
    )

    select
        count(*) as frames,
        bool_or(p.is_rotated) as is_rotated,
        array_agg(p.duration_ms order by p.nth) as durations_ms,
        array_agg(p.asset_id order by p.nth) as asset_ids,
        array_agg(
            case
                when p.is_trimmed then coalesce(p.pivot_x, 0) - p.offset_x
                else p.pivot_x
            end
            order by p.nth
        ) as pivots_x,
        array_agg(
            case
                when p.is_trimmed then coalesce(p.pivot_y, 0) - p.offset_y
                else p.pivot_y
            end
            order by p.nth
        ) as pivots_y,
        array_agg(case when p.is_part then p.x end order by p.nth) as sources_x,
        array_agg(case when p.is_part then p.y end order by p.nth) as sources_y,
        array_agg(case when p.is_part then p.w end order by p.nth) as source_widths,
        array_agg(case when p.is_part then p.h end order by p.nth) as source_heights
    into made
    from placed as p;
    if made.is_rotated then
        raise exception using
            errcode = '23514',
            message = 'A rotated frame cannot be imported; Aseprite exports none.';
    end if;
    frames := made.frames;
    perform studio.add_frames(
        animation_id,
        made.durations_ms,
        made.asset_ids,
        made.pivots_x,
        made.pivots_y,
        made.sources_x,
        made.sources_y,
        made.source_widths,
        made.source_heights,
        user_id => user_id
    );

    select studio.set_tags(
        animation_id,
        array_agg(t.tag ->> 'name' order by t.nth),
        array_agg((t.tag ->> 'from')::integer + 1 order by t.nth),
        array_agg((t.tag ->> 'to')::integer + 1 order by t.nth),
        array_agg(
            replace(t.tag ->> 'direction', 'pingpong', 'ping_pong')::studio.playback
            order by t.nth
        ),
        array_agg((t.tag ->> 'repeat')::integer order by t.nth),
        user_id
    )
    into tags
    from json_array_elements(
        case json_typeof(data #> '{meta,frameTags}')
            when 'array' then data #> '{meta,frameTags}'
        end
    ) with ordinality as t (tag, nth);
exception
    when data_exception then
        raise exception using
            errcode = '23514',
            message = 'This is not what Aseprite exports: a value in it is not written as its type wants it.';
end
$$;
comment on function studio.import_aseprite(uuid, text, json, uuid, uuid) is
    'An animation just made of what Aseprite exported, in array or hash form. Its image is found by its URI among the user''s assets, else it is asset_id.';

grant execute on function studio.import_aseprite(uuid, text, json, uuid, uuid)
to renderstore_app, renderstore_admin;
