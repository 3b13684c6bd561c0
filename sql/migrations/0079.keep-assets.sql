-- An asset's life as its owner asks for it: reserve the bytes, then settle what came; delete, and restore while the file is there.
-- What a frame or a job that has not ended uses is neither deleted nor expired.
-- depends: 0078.create-assets

set local role renderstore_owner;

-- Rooms that use assets replace it.
create function studio.is_asset_used(owner uuid, asset uuid)
returns boolean
language sql
stable
return false;
comment on function studio.is_asset_used(uuid, uuid) is
    'Whether a frame, or a job that has not ended, uses an asset.';

create function studio.lock_asset(owner uuid, id uuid)
returns studio.assets
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    asset studio.assets;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into asset
            from studio.assets as a
            where a.user_id = owner and a.id = id
            for no key update;
        else
            select * into asset
            from studio.assets as a
            where a.user_id = owner and a.id = id
            for no key update skip locked;
        end if;
        if found then
            return asset;
        end if;
        perform
        from studio.assets as a
        where a.user_id = owner and a.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no asset with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing this asset at this moment; try again.';
end
$$;
comment on function studio.lock_asset(uuid, uuid) is
    'A user''s asset, locked for the rest of the transaction; refuses where there is none.';

create function studio.asset_uri(owner uuid, id uuid, suffix text)
returns text
language sql
immutable
parallel safe
return owner::text || '/' || id::text || coalesce('.' || nullif(suffix, ''), '');
comment on function studio.asset_uri(uuid, uuid, text) is
    'Where the file of an asset lies: under its owner''s id.';

create function studio.begin_asset(
    kind studio.asset_kind,
    size_bytes bigint,
    suffix text default null,
    project_id uuid default null,
    name text default null,
    media_type text default null,
    provenance jsonb default null,
    expires_at timestamptz default null,
    user_id uuid default null,
    out id uuid,
    out uri text,
    out reserved_until_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    if suffix !~ '^[A-Za-z0-9]{0,16}$' then
        raise exception using
            errcode = '23514',
            message = 'A suffix has up to 16 letters and digits, without the dot.';
    end if;
    perform studio.lock_owner(owner);
    if project_id is not null then
        perform studio.lock_project(owner, project_id);
    end if;
    id := ops.uuidv7();
    uri := studio.asset_uri(owner, id, suffix);
    insert into studio.assets as a (
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
        owner,
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
    returning a.sweep_at into reserved_until_at;
    perform studio.charge(owner, reserved_bytes => size_bytes);
end
$$;
comment on function studio.begin_asset(
    studio.asset_kind,
    bigint,
    text,
    uuid,
    text,
    text,
    jsonb,
    timestamptz,
    uuid
) is
    'Reserves bytes for a file that is on its way, within the plan''s max_stored_bytes, and says where it is to lie. Without studio.keep_asset it is given up after a day.';

create function studio.keep_asset(
    id uuid,
    size_bytes bigint,
    sha256 bytea default null,
    media_type text default null,
    width integer default null,
    height integer default null,
    duration_ms bigint default null,
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
    asset studio.assets;
begin
    perform studio.lock_owner(owner);
    asset := studio.lock_asset(owner, id);
    if asset.state <> 'reserved' then
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
    where a.user_id = owner and a.id = id;
    perform studio.charge(
        owner,
        stored_bytes => size_bytes,
        reserved_bytes => -asset.size_bytes
    );
end
$$;
comment on function studio.keep_asset(
    uuid,
    bigint,
    bytea,
    text,
    integer,
    integer,
    bigint,
    uuid
) is
    'The file of a reserved asset is there: its true size takes the place of the expected one. A larger one is refused above the plan''s max_stored_bytes.';

create function studio.end_asset(
    asset studio.assets,
    became studio.asset_state,
    due_at timestamptz
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    update studio.assets as a
    set
        state = became,
        deleted_at = coalesce(a.deleted_at, now()),
        sweep_at = null
    where a.user_id = asset.user_id and a.id = asset.id;
    insert into ops.removals as r (user_id, uri, size_bytes, reason, due_at)
    values (
        asset.user_id,
        asset.uri,
        case when asset.kept_at is not null then asset.size_bytes else 0 end,
        became::text,
        coalesce(due_at, '9999-12-30 00:00+00')
    )
    on conflict on constraint removals_user_id_uri_key do update
    set
        reason = excluded.reason,
        due_at = case when r.tries = 0 then excluded.due_at else r.due_at end;
end
$$;
comment on function studio.end_asset(studio.assets, studio.asset_state, timestamptz) is
    'An asset that the caller has locked is abandoned, expired or deleted, and its file is to be removed from then on; null for never.';

create function studio.abandon_asset(id uuid, user_id uuid default null)
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
    asset studio.assets;
begin
    perform studio.lock_owner(owner);
    asset := studio.lock_asset(owner, id);
    if asset.state <> 'reserved' then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a reserved asset is given up; this one is %s.',
                asset.state
            );
    end if;
    perform studio.end_asset(asset, 'abandoned', now());
    perform studio.charge(owner, reserved_bytes => -asset.size_bytes);
end
$$;
comment on function studio.abandon_asset(uuid, uuid) is
    'Gives up a reservation; whatever came of its file is removed.';

create function studio.delete_asset(
    id uuid,
    is_final boolean default false,
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
    asset studio.assets;
begin
    asset := studio.lock_asset(owner, id);
    if asset.state not in ('kept', 'expired', 'deleted')
        or asset.state = 'deleted' and not is_final
    then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a kept asset is deleted; this one is %s.',
                asset.state
            );
    elsif studio.is_asset_used(owner, id) then
        raise exception using
            errcode = 'RS013',
            message = 'A frame, or a job that has not ended, uses this asset.';
    end if;
    perform studio.end_asset(
        asset,
        'deleted',
        case
            when is_final then now()
            else now() + p.keep_deleted_days * interval '1 day'
        end
    )
    from identity.users as u
    join identity.plans as p on p.id = u.plan_id
    where u.id = owner;
end
$$;
comment on function studio.delete_asset(uuid, boolean, uuid) is
    'Deletes an asset that nothing uses. Its file stays, and counts, for the plan''s keep_deleted_days, or goes at once where that is final.';

create function studio.restore_asset(id uuid, user_id uuid default null)
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
    asset studio.assets;
begin
    asset := studio.lock_asset(owner, id);
    if asset.state not in ('expired', 'deleted') then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only an expired or deleted asset is restored, while its file is there; this one is %s.',
                asset.state
            );
    end if;
    delete from ops.removals as r
    where r.user_id = owner and r.uri = asset.uri;
    update studio.assets as a
    set
        state = 'kept',
        deleted_at = null,
        expires_at = case when a.expires_at > now() then a.expires_at end,
        sweep_at = case when a.expires_at > now() then a.expires_at end
    where a.user_id = owner and a.id = id;
end
$$;
comment on function studio.restore_asset(uuid, uuid) is
    'An expired or deleted asset is kept again; an expiry that is over is taken away. Refused once the janitor has its file.';

grant execute on function
    studio.begin_asset(
        studio.asset_kind,
        bigint,
        text,
        uuid,
        text,
        text,
        jsonb,
        timestamptz,
        uuid
    ),
    studio.keep_asset(uuid, bigint, bytea, text, integer, integer, bigint, uuid),
    studio.abandon_asset(uuid, uuid),
    studio.delete_asset(uuid, boolean, uuid),
    studio.restore_asset(uuid, uuid)
to renderstore_app, renderstore_admin;
