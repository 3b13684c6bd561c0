-- What is asked of a project's jobs: linked, given their inputs, cancelled together; and what a worker makes for one, under its lease. A worker
-- waits for no row that a user can hold.
-- depends: 0090.create-project-jobs

set local role renderstore_owner;

create function studio.link_job(
    project_id uuid,
    job_id uuid,
    scene_id uuid default null,
    input_asset_ids uuid[] default null,
    user_id uuid default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_project(owner, project_id);
    if scene_id is not null and studio.scene_project(owner, scene_id) <> project_id then
        raise exception using
            errcode = '23514',
            message = 'A job is about a scene of its own project.';
    end if;
    perform studio.use_assets(owner, input_asset_ids, project_id);
    insert into studio.project_jobs as l (user_id, job_id, project_id, scene_id)
    values (owner, job_id, project_id, scene_id)
    on conflict on constraint project_jobs_pkey do update
    set
        project_id = excluded.project_id,
        scene_id = excluded.scene_id;
    insert into studio.job_assets (user_id, job_id, asset_id, use)
    select distinct owner, job_id, listed.id, 'input'::studio.asset_use
    from unnest(input_asset_ids) as listed (id)
    on conflict on constraint job_assets_pkey do nothing;
end
$$;
comment on function studio.link_job(uuid, uuid, uuid, uuid[], uuid) is
    'A job belongs to a project, or to one of its scenes, from now on, and reads these assets.';

create function studio.cancel_project_jobs(
    project_id uuid,
    reason text default null,
    user_id uuid default null
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    job uuid;
    cancelled bigint := 0;
begin
    perform studio.lock_project(owner, project_id, is_living => false);
    for job in
        select j.id
        from studio.project_jobs as l
        join work.jobs as j on j.user_id = l.user_id and j.id = l.job_id
        where l.user_id = owner
            and l.project_id = project_id
            and j.completed_at is null
        order by j.id
    loop
        begin
            perform work.cancel(job, reason, user_id);
            cancelled := cancelled + 1;
        exception
            -- It ended meanwhile.
            when sqlstate 'RS005' or no_data_found then null;
        end;
    end loop;
    return cancelled;
end
$$;
comment on function studio.cancel_project_jobs(uuid, text, uuid) is
    'Asks to cancel every job of a project that has not ended, and says how many.';

create or replace function studio.delete_project(
    id uuid,
    user_id uuid default null,
    out deleted_at timestamptz,
    out purge_at timestamptz
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
begin
    perform studio.lock_owner(owner);
    perform studio.lock_project(owner, id);
    perform studio.charge(owner, projects => -1);
    update studio.projects as p
    set
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
    perform studio.cancel_project_jobs(id, 'Its project was deleted.', user_id);
end
$$;

create function studio.check_lease(user_id uuid, job_id uuid, attempt integer)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = job_id
        and j.attempt = attempt
        and j.status = 'running'
        and j.held_by = work.acting_worker();
    if not found then
        perform work.refuse_lost_lease();
    end if;
end
$$;
comment on function studio.check_lease(uuid, uuid, integer) is
    'Refuses a worker without the job''s current lease.';

create function studio.begin_for_job(
    user_id uuid,
    job_id uuid,
    attempt integer,
    kind studio.asset_kind,
    size_bytes bigint,
    suffix text default null,
    name text default null,
    media_type text default null,
    provenance jsonb default null,
    expires_at timestamptz default null,
    out id uuid,
    out uri text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    project_id uuid;
begin
    perform studio.check_lease(user_id, job_id, attempt);
    if suffix !~ '^[A-Za-z0-9]{0,16}$' then
        raise exception using
            errcode = '23514',
            message = 'A suffix has up to 16 letters and digits, without the dot.';
    end if;
    -- A project that its user holds at this moment is not waited for: the asset hangs on the job.
    select p.id into project_id
    from studio.project_jobs as l
    join studio.projects as p on p.user_id = l.user_id and p.id = l.project_id
    where l.user_id = user_id and l.job_id = job_id
    for key share of p skip locked;
    id := ops.uuidv7();
    uri := studio.asset_uri(user_id, id, suffix);
    insert into studio.assets (
        user_id,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    )
    values (
        user_id,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    );
    insert into studio.job_assets (user_id, job_id, asset_id, use)
    values (user_id, job_id, id, 'output');
    perform studio.note_farms_use(user_id, 0, size_bytes);
end
$$;
comment on function studio.begin_for_job is
    'Reserves bytes for what a job makes, for its owner, and says where the file is to lie. Refused without the current lease; no limit is asked.';

create function studio.keep_for_job(
    user_id uuid,
    job_id uuid,
    attempt integer,
    id uuid,
    size_bytes bigint,
    sha256 bytea default null,
    media_type text default null,
    width integer default null,
    height integer default null,
    duration_ms bigint default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    asset studio.assets;
begin
    perform studio.check_lease(user_id, job_id, attempt);
    select a.* into asset
    from studio.assets as a
    join studio.job_assets as u
        on u.user_id = a.user_id and u.asset_id = a.id and u.job_id = job_id
    where a.user_id = user_id and a.id = id and u.use = 'output'
    for no key update of a skip locked;
    if not found then
        raise lock_not_available using
            message = 'The job made no such asset, or its owner holds it at this moment; try again.';
    elsif asset.state <> 'reserved' then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a reserved asset is kept; this one is %s.',
                asset.state
            );
    end if;
    update studio.assets as a
    set
        state = 'kept',
        kept_at = now(),
        size_bytes = size_bytes,
        sha256 = sha256,
        media_type = coalesce(media_type, a.media_type),
        width = width,
        height = height,
        duration_ms = duration_ms,
        sweep_at = a.expires_at
    where a.user_id = user_id and a.id = id;
    perform studio.note_farms_use(user_id, size_bytes, -asset.size_bytes);
end
$$;
comment on function studio.keep_for_job is
    'The file that a job made is there. Refused without the current lease.';

grant execute on function
    studio.link_job(uuid, uuid, uuid, uuid[], uuid),
    studio.cancel_project_jobs(uuid, text, uuid)
to renderstore_app, renderstore_admin;
grant execute on function studio.begin_for_job, studio.keep_for_job
to renderstore_worker;
