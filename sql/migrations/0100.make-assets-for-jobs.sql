-- What a job reads, said by its owner, and what its worker makes for it, under its lease. A worker waits for no row that a user can hold.
-- depends: 0099.create-job-assets

set local role renderstore_owner;

create function studio.add_inputs(
    job_id uuid,
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
    asked constant work.batch_size := coalesce(cardinality(asset_ids), 0);
    project uuid;
    added bigint;
begin
    if asked = 0 then
        return 0;
    end if;
    select l.project_id into project
    from studio.project_jobs as l
    where l.user_id = owner and l.job_id = job_id;
    -- A job of no project takes no asset away from one.
    perform studio.use_assets(owner, asset_ids, project);
    insert into studio.job_assets (user_id, job_id, asset_id, use)
    select distinct owner, job_id, listed.id, 'input'::studio.asset_use
    from unnest(asset_ids) as listed (id)
    on conflict on constraint job_assets_pkey do nothing;
    get diagnostics added = row_count;
    return added;
end
$$;
comment on function studio.add_inputs(uuid, uuid[], uuid) is
    'A job reads these assets, which stay until it has ended; says how many it did not read before.';

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
    perform work.check_lease(user_id, job_id, attempt);
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
    perform work.check_lease(user_id, job_id, attempt);
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

create function studio.finish_with_outputs(
    user_id uuid,
    id uuid,
    attempt integer,
    uris text[],
    sizes_bytes bigint[] default null,
    media_types text[] default null
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    made record;
begin
    for made in
        select
            listed.uri,
            coalesce(listed.size_bytes, a.size_bytes) as size_bytes,
            listed.media_type,
            a.id,
            a.state
        from unnest(uris, sizes_bytes, media_types)
            as listed (uri, size_bytes, media_type)
        left join studio.job_assets as u
            join studio.assets as a on a.user_id = u.user_id and a.id = u.asset_id
            on u.user_id = user_id
            and u.job_id = id
            and u.use = 'output'
            and a.uri = listed.uri
        order by a.id
    loop
        if made.id is null then
            raise exception using
                errcode = '23514',
                message = format(
                    'The job began no file with the URI %s; studio.begin_for_job gives one.',
                    made.uri
                );
        end if;
        -- What the worker kept on its way is there already.
        continue when made.state = 'kept';
        perform studio.keep_for_job(
            user_id,
            id,
            attempt,
            made.id,
            made.size_bytes,
            media_type => made.media_type
        );
    end loop;
    perform work.finish(user_id, id, attempt);
end
$$;
comment on function studio.finish_with_outputs is
    'Completes a job of any kind and keeps the files that it began, by their URIs; one that it kept before stays as it is. Refused without the current lease.';

grant execute on function studio.add_inputs(uuid, uuid[], uuid)
to renderstore_app, renderstore_admin;
grant execute on function
    studio.begin_for_job,
    studio.keep_for_job,
    studio.finish_with_outputs
to renderstore_worker;
