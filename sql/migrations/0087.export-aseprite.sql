-- An animation as the JSON that Aseprite exports, which game engines read. The type is json and not jsonb, which would sort the frames
-- of the hash form.
-- depends: 0086.place-frames

set local role renderstore_owner;

-- With its caller's rights: the policies say what is there.
create function studio.to_aseprite(animation_id uuid, is_array boolean default true)
returns json
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    exported json;
begin
    with shown as (
        select
            f.position - 1 as nth,
            n.name || ' ' || f.position - 1 || '.aseprite' as filename,
            f.duration_ms,
            f.pivot_x,
            f.pivot_y,
            a.uri,
            a.width as sheet_width,
            a.height as sheet_height,
            coalesce(f.source_x, 0) as x,
            coalesce(f.source_y, 0) as y,
            coalesce(f.source_width, a.width, 0) as w,
            coalesce(f.source_height, a.height, 0) as h
        from studio.frames as f
        join studio.animations as n on n.user_id = f.user_id and n.id = f.animation_id
        left join studio.assets as a on a.user_id = f.user_id and a.id = f.asset_id
        where f.animation_id = animation_id
            and f.user_id = (select identity.current_user_id())
    ),

    images as (
        select count(distinct s.uri) as count, max(s.uri) as uri
        from shown as s
    ),

    framed as (
        select
            s.nth,
            s.filename,
            json_build_object('x', s.x, 'y', s.y, 'w', s.w, 'h', s.h) as frame,
            json_build_object('x', 0, 'y', 0, 'w', s.w, 'h', s.h) as whole,
            json_build_object('w', s.w, 'h', s.h) as size,
            s.duration_ms,
            -- Aseprite has one image; where ours are several, each frame says its own.
            case when i.count > 1 then s.uri end as image
        from shown as s
        cross join images as i
    ),

    held as (
        select
            s.nth,
            s.w,
            s.h,
            s.pivot_x,
            s.pivot_y,
            (s.w, s.h, s.pivot_x, s.pivot_y) is distinct from (
                lag(s.w) over (order by s.nth),
                lag(s.h) over (order by s.nth),
                lag(s.pivot_x) over (order by s.nth),
                lag(s.pivot_y) over (order by s.nth)
            ) as is_new,
            count(s.pivot_x) over () as pivots
        from shown as s
    )

    select
        json_build_object(
            'frames',
            case
                when is_array
                    then coalesce(
                        (
                            select
                                json_agg(
                                    json_strip_nulls(
                                        json_build_object(
                                            'filename', f.filename,
                                            'frame', f.frame,
                                            'rotated', false,
                                            'trimmed', false,
                                            'spriteSourceSize', f.whole,
                                            'sourceSize', f.size,
                                            'duration', f.duration_ms,
                                            'image', f.image
                                        )
                                    )
                                    order by f.nth
                                )
                            from framed as f
                        ),
                        '[]'
                    )
                else coalesce(
                    (
                        select
                            json_object_agg(
                                f.filename,
                                json_strip_nulls(
                                    json_build_object(
                                        'frame', f.frame,
                                        'rotated', false,
                                        'trimmed', false,
                                        'spriteSourceSize', f.whole,
                                        'sourceSize', f.size,
                                        'duration', f.duration_ms,
                                        'image', f.image
                                    )
                                )
                                order by f.nth
                            )
                        from framed as f
                    ),
                    '{}'
                )
            end,
            'meta',
            json_strip_nulls(
                json_build_object(
                    'app', 'https://www.aseprite.org/',
                    'version', '1.3',
                    'image',
                    (
                        select i.uri
                        from images as i
                        where i.count = 1
                    ),
                    'format', 'RGBA8888',
                    'size',
                    (
                        select
                            json_build_object(
                                'w', coalesce(max(s.sheet_width), max(s.x + s.w), 0),
                                'h', coalesce(max(s.sheet_height), max(s.y + s.h), 0)
                            )
                        from shown as s
                    ),
                    'scale', '1',
                    'frameTags',
                    coalesce(
                        (
                            select
                                json_agg(
                                    json_build_object(
                                        'name', t.name,
                                        'from', t.first_position - 1,
                                        'to', t.last_position - 1,
                                        'direction',
                                        replace(t.playback::text, 'ping_pong', 'pingpong'),
                                        'repeat', t.repeats::text
                                    )
                                    order by t.first_position, t.id
                                )
                            from studio.tags as t
                            where t.user_id = n.user_id and t.animation_id = n.id
                        ),
                        '[]'
                    ),
                    'slices',
                    coalesce(
                        (
                            select
                                json_build_array(
                                    json_build_object(
                                        'name', 'pivot',
                                        'color', '#0000ffff',
                                        'keys',
                                        json_agg(
                                            json_build_object(
                                                'frame', h.nth,
                                                'bounds',
                                                json_build_object(
                                                    'x', 0,
                                                    'y', 0,
                                                    'w', h.w,
                                                    'h', h.h
                                                ),
                                                'pivot',
                                                case
                                                    when h.pivot_x is not null
                                                        then json_build_object(
                                                            'x', h.pivot_x,
                                                            'y', h.pivot_y
                                                        )
                                                end
                                            )
                                            order by h.nth
                                        )
                                    )
                                )
                            from held as h
                            where h.pivots > 0 and h.is_new
                            having count(*) > 0
                        ),
                        '[]'
                    ),
                    -- What Aseprite has no word for; other readers pass over it.
                    'renderstore',
                    json_build_object(
                        'playback', n.playback,
                        'repeats', n.repeats,
                        'framesPerSecond', n.frames_per_second
                    )
                )
            )
        )
    into exported
    from studio.animations as n
    where n.id = animation_id and n.user_id = (select identity.current_user_id());
    if exported is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no animation with this id.';
    end if;
    return exported;
end
$$;
comment on function studio.to_aseprite(uuid, boolean) is
    'The bound user''s animation as the JSON that Aseprite exports: frames as an array, else as a hash by file name, with tags, and pivots as a slice.';

grant execute on function studio.to_aseprite(uuid, boolean)
to renderstore_app, renderstore_admin;
