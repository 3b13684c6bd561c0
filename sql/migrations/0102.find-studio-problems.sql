-- Whatever disagrees in the studio: nothing, or a defect.
-- depends: 0101.purge-projects

set local role renderstore_owner;

create function studio.problems()
returns table (user_id uuid, id uuid, problem text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        u.user_id,
        null::uuid,
        format(
            '%s living projects, %s bytes stored and %s reserved were counted, and %s, %s and %s are there',
            u.living_projects,
            u.stored_bytes,
            u.reserved_bytes,
            coalesce(p.living_projects, 0),
            coalesce(a.stored_bytes, 0),
            coalesce(a.reserved_bytes, 0)
        )
    from (
        select
            o.user_id,
            coalesce(sum(c.living_projects), 0) as living_projects,
            coalesce(sum(c.stored_bytes), 0) as stored_bytes,
            coalesce(sum(c.reserved_bytes), 0) as reserved_bytes
        from identity.owners as o
        left join studio.usages as c on c.user_id = o.user_id
        group by o.user_id
    ) as u
    left join (
        select c.user_id, count(*) as living_projects
        from studio.projects as c
        where c.deleted_at is null
        group by c.user_id
    ) as p on p.user_id = u.user_id
    left join (
        select
            c.user_id,
            sum(c.size_bytes) filter (
                where c.kept_at is not null and c.state <> 'gone'
            ) as stored_bytes,
            sum(c.size_bytes) filter (where c.state = 'reserved') as reserved_bytes
        from studio.assets as c
        group by c.user_id
    ) as a on a.user_id = u.user_id
    where u.living_projects <> coalesce(p.living_projects, 0)
        or u.stored_bytes <> coalesce(a.stored_bytes, 0)
        or u.reserved_bytes <> coalesce(a.reserved_bytes, 0)
    union all
    select s.user_id, s.project_id, 'the positions of its scenes are not 1 to n'
    from studio.scenes as s
    where s.position is not null
    group by s.user_id, s.project_id
    having count(*) <> max(s.position) or min(s.position) <> 1
    union all
    select f.user_id, f.animation_id, 'the positions of its frames are not 1 to n'
    from studio.frames as f
    group by f.user_id, f.animation_id
    having count(*) <> max(f.position) or min(f.position) <> 1
    union all
    select t.user_id, t.animation_id, 'a tag ends behind its last frame'
    from studio.tags as t
    where t.last_position > (
        select count(*)
        from studio.frames as f
        where f.user_id = t.user_id and f.animation_id = t.animation_id
    )
    union all
    select f.user_id, f.id, 'a row is of another project than what it hangs under'
    from (
        select c.user_id, c.id, c.project_id, c.animation_id
        from studio.frames as c
        union all
        select c.user_id, c.id, c.project_id, c.animation_id
        from studio.tags as c
    ) as f
    join studio.animations as n on n.user_id = f.user_id and n.id = f.animation_id
    join studio.characters as c on c.user_id = n.user_id and c.id = n.character_id
    where f.project_id <> n.project_id or n.project_id <> c.project_id
    union all
    select a.user_id, a.id, format('a frame or job uses it, and it is %s', a.state)
    from studio.assets as a
    where a.state not in ('kept', 'reserved')
        and studio.is_asset_used(a.user_id, a.id)
    union all
    select a.user_id, a.id, format('it is %s, and nobody is to remove its file', a.state)
    from studio.assets as a
    where a.state in ('abandoned', 'expired', 'deleted', 'removing')
        and not exists (
            select
            from ops.removals as r
            where r.user_id = a.user_id and r.uri = a.uri
        )
    union all
    select a.user_id, a.id, format('it is %s, and its file is to be removed', a.state)
    from studio.assets as a
    join ops.removals as r on r.user_id = a.user_id and r.uri = a.uri
    where a.state in ('reserved', 'kept')
$$;
comment on function studio.problems() is
    'Whatever disagrees between counts, positions, files and rows of the studio: nothing, or a defect. Reads everything.';

grant execute on function studio.problems(), studio.is_asset_used(uuid, uuid)
to renderstore_admin, renderstore_readonly;
