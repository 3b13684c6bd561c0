-- Where scenes stand: created, moved, put in another order, deleted and restored under the lock of their project, so that positions
-- stay 1 to n whoever else writes.
-- depends: 0075.create-scenes

set local role renderstore_owner;

create function studio.scene_project(owner uuid, id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    found_id uuid;
begin
    select s.project_id into found_id
    from studio.scenes as s
    where s.user_id = owner and s.id = id;
    if found_id is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no scene with this id.';
    end if;
    return found_id;
end
$$;
comment on function studio.scene_project(uuid, uuid) is
    'The project of a user''s scene; refuses where there is none.';

create function studio.create_scenes(
    project_id uuid,
    narrations text[] default null,
    image_prompts text[] default null,
    durations_ms bigint[] default null,
    configs jsonb[] default null,
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
            cardinality(narrations),
            cardinality(image_prompts),
            cardinality(durations_ms),
            cardinality(configs)
        ),
        0
    )::work.batch_size;
    there bigint;
    first_place integer;
begin
    perform studio.lock_project(owner, project_id);
    select count(*) into there
    from studio.scenes as s
    where s.user_id = owner and s.project_id = project_id and s.position is not null;
    first_place := least(greatest(coalesce(at_position, there + 1), 1), there + 1);
    if first_place <= there then
        update studio.scenes as s
        set position = s.position + asked
        where s.user_id = owner
            and s.project_id = project_id
            and s.position >= first_place;
    end if;
    return query
    with listed as materialized (
        select l.*, ops.uuidv7() as id
        from unnest(narrations, image_prompts, durations_ms, configs) with ordinality
            as l (narration, image_prompt, duration_ms, config, nth)
    ),

    made as (
        insert into studio.scenes as s (
            user_id,
            id,
            project_id,
            position,
            narration,
            image_prompt,
            duration_ms,
            config
        )
        select
            owner,
            l.id,
            project_id,
            (first_place + l.nth - 1)::integer,
            l.narration,
            l.image_prompt,
            l.duration_ms,
            coalesce(l.config, '{}')
        from listed as l
        returning s.id, s.position as place
    )

    select l.nth, made.id, made.place
    from made
    join listed as l on l.id = made.id
    order by l.nth;
end
$$;
comment on function studio.create_scenes(
    uuid,
    text[],
    text[],
    bigint[],
    jsonb[],
    integer,
    uuid
) is
    'Scenes just created in this order, as many as the longest list has, at the end of their project or from a place on; what stood there moves behind them.';

create function studio.move_scene(
    id uuid,
    to_position integer,
    user_id uuid default null,
    out place integer
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
    project_id constant uuid := studio.scene_project(owner, id);
    came_from integer;
begin
    perform studio.lock_project(owner, project_id);
    select
        s.position,
        least(
            greatest(to_position, 1),
            (
                select count(*)
                from studio.scenes as c
                where c.user_id = owner
                    and c.project_id = project_id
                    and c.position is not null
            )
        )
    into came_from, place
    from studio.scenes as s
    where s.user_id = owner and s.id = id;
    if came_from is null then
        raise exception using
            errcode = 'RS005',
            message = 'This scene was deleted; restore it first.';
    end if;
    update studio.scenes as s
    set
        position = case
            when s.id = id then place
            else s.position + sign(came_from - place)::integer
        end
    where s.user_id = owner
        and s.project_id = project_id
        and s.position between least(came_from, place) and greatest(came_from, place)
        and came_from <> place;
end
$$;
comment on function studio.move_scene(uuid, integer, uuid) is
    'Moves a scene to a place in its project, 1 to n; what stands between moves by one. Gives the place that it has now.';

create function studio.reorder_scenes(
    project_id uuid,
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
    moved bigint;
begin
    perform studio.lock_project(owner, project_id);
    if exists (
        select
        from (
            select s.id
            from studio.scenes as s
            where s.user_id = owner
                and s.project_id = project_id
                and s.position is not null
        ) as there
        full join unnest(ids) as listed (id) on listed.id = there.id
        group by coalesce(there.id, listed.id)
        having count(*) <> 1 or count(there.id) <> 1 or count(listed.id) <> 1
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A new order names every living scene of the project once.';
    end if;
    update studio.scenes as s
    set position = listed.nth
    from unnest(ids) with ordinality as listed (id, nth)
    where s.user_id = owner and s.id = listed.id and s.position <> listed.nth;
    get diagnostics moved = row_count;
    return moved;
end
$$;
comment on function studio.reorder_scenes(uuid, uuid[], uuid) is
    'Puts the scenes of a project in this order and says how many moved; every living scene is named once.';

create function studio.delete_scenes(ids uuid[], user_id uuid default null)
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
    project_id uuid;
    deleted bigint;
begin
    if ids = '{}' then
        return 0;
    end if;
    project_id := studio.scene_project(owner, ids[1]);
    perform studio.lock_project(owner, project_id);
    update studio.scenes as s
    set
        position = null,
        deleted_at = now()
    where s.user_id = owner
        and s.project_id = project_id
        and s.id = any(ids)
        and s.position is not null;
    get diagnostics deleted = row_count;
    update studio.scenes as s
    set position = counted.nth
    from (
        select c.id, row_number() over (order by c.position) as nth
        from studio.scenes as c
        where c.user_id = owner
            and c.project_id = project_id
            and c.position is not null
    ) as counted
    where s.user_id = owner and s.id = counted.id and s.position <> counted.nth;
    return deleted;
end
$$;
comment on function studio.delete_scenes(uuid[], uuid) is
    'Deletes scenes of one project, closes the gaps, and says how many: what was deleted before, or is in another project than the first, is passed over.';

create function studio.restore_scene(
    id uuid,
    user_id uuid default null,
    out place integer
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
    project_id constant uuid := studio.scene_project(owner, id);
begin
    perform studio.lock_project(owner, project_id);
    update studio.scenes as s
    set
        deleted_at = null,
        position = 1 + (
            select count(*)
            from studio.scenes as c
            where c.user_id = owner
                and c.project_id = project_id
                and c.position is not null
        )
    where s.user_id = owner and s.id = id and s.deleted_at is not null
    returning s.position into place;
    if not found then
        raise exception using
            errcode = 'RS005',
            message = 'This scene was not deleted.';
    end if;
end
$$;
comment on function studio.restore_scene(uuid, uuid) is
    'A deleted scene lives again, as the last of its project. Gives its place.';

grant execute on function
    studio.create_scenes(uuid, text[], text[], bigint[], jsonb[], integer, uuid),
    studio.move_scene(uuid, integer, uuid),
    studio.reorder_scenes(uuid, uuid[], uuid),
    studio.delete_scenes(uuid[], uuid),
    studio.restore_scene(uuid, uuid)
to renderstore_app, renderstore_admin;
