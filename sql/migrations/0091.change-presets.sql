-- Creating, choosing, deleting and restoring presets. The owner's row in studio.usages orders the calls of one user, so that two at
-- once leave one default a kind.
-- depends: 0090.create-standard-presets

set local role renderstore_owner;

create function studio.lock_presets(owner uuid, kind studio.preset_kind)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform studio.lock_owner(owner);
    if owner = identity.current_user_id() then
        perform
        from studio.presets as p
        where p.user_id = owner and p.kind = kind
        order by p.id
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from studio.presets as p
        where p.user_id = owner
            and p.kind = kind
            and p.id not in (
                select free.id
                from studio.presets as free
                where free.user_id = owner and free.kind = kind
                for no key update skip locked
            );
        if not found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing these presets at this moment; try again.';
end
$$;
comment on function studio.lock_presets(uuid, studio.preset_kind) is
    'Locks a user''s presets of a kind for the rest of the transaction.';

create function studio.lock_preset(owner uuid, id uuid)
returns studio.presets
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    preset studio.presets;
begin
    select * into preset
    from studio.presets as p
    where p.user_id = owner and p.id = id;
    if found then
        perform studio.lock_presets(owner, preset.kind);
        select * into preset
        from studio.presets as p
        where p.user_id = owner and p.id = id;
        if found then
            return preset;
        end if;
    end if;
    raise exception using
        errcode = 'P0002',
        message = 'There is no preset with this id.';
end
$$;
comment on function studio.lock_preset(uuid, uuid) is
    'A user''s preset, locked together with those of its kind; refuses where there is none.';

create function studio.clear_default_preset(
    kind studio.preset_kind,
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
    perform studio.lock_presets(owner, kind);
    update studio.presets as p
    set is_default = false
    where p.user_id = owner and p.kind = kind and p.is_default;
end
$$;
comment on function studio.clear_default_preset(studio.preset_kind, uuid) is
    'No own preset of this kind is the default any more: the standard one is chosen.';

create function studio.create_preset(
    kind studio.preset_kind,
    name text,
    settings jsonb default '{}',
    is_default boolean default false,
    user_id uuid default null,
    out id uuid,
    out created_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    if is_default then
        perform studio.clear_default_preset(kind, user_id);
    end if;
    insert into studio.presets as p (user_id, kind, name, settings, is_default)
    values (
        owner,
        kind,
        name,
        coalesce(settings, '{}'),
        coalesce(is_default, false)
    )
    returning p.id, p.created_at into id, created_at;
end
$$;
comment on function studio.create_preset(studio.preset_kind, text, jsonb, boolean, uuid) is
    'A preset just created by the bound user, or for the one that an administrator names; as the default of its kind, it takes the place of the one before.';

create function studio.set_default_preset(id uuid, user_id uuid default null)
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
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was deleted; restore it first.';
    end if;
    perform studio.clear_default_preset(preset.kind, user_id);
    update studio.presets as p
    set is_default = true
    where p.user_id = owner and p.id = id;
end
$$;
comment on function studio.set_default_preset(uuid, uuid) is
    'This preset is the default of its kind, and the one before is not.';

create function studio.delete_preset(
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
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was deleted before.';
    end if;
    update studio.presets as p
    set
        is_default = false,
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
end
$$;
comment on function studio.delete_preset(uuid, uuid) is
    'Deletes a preset, which is no default any more. It can be restored until purge_at, which the plan''s keep_deleted_days decides now.';

create function studio.restore_preset(id uuid, user_id uuid default null)
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
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was not deleted.';
    elsif preset.purge_at <= clock_timestamp() then
        raise exception using
            errcode = 'RS005',
            message = 'The time in which this preset could be restored is over.';
    end if;
    update studio.presets as p
    set
        deleted_at = null,
        purge_at = null
    where p.user_id = owner and p.id = id;
end
$$;
comment on function studio.restore_preset(uuid, uuid) is
    'A deleted preset lives again, and is no default; refused where a living one of its kind has its name, and once it is to be purged.';

create function studio.purge_presets(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    purged bigint;
begin
    delete from studio.presets as p
    where (p.user_id, p.id) in (
        select late.user_id, late.id
        from studio.presets as late
        where late.purge_at <= now()
        order by late.purge_at
        limit max_rows
        for update skip locked
    );
    get diagnostics purged = row_count;
    return purged;
end
$$;
comment on function studio.purge_presets(bigint) is
    'How many presets were deleted for good that cannot be restored any more.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (340, 'deleted presets purged', 'studio.purge_presets', false);

grant execute on function
    studio.create_preset(studio.preset_kind, text, jsonb, boolean, uuid),
    studio.set_default_preset(uuid, uuid),
    studio.clear_default_preset(studio.preset_kind, uuid),
    studio.delete_preset(uuid, uuid),
    studio.restore_preset(uuid, uuid)
to renderstore_app, renderstore_admin;
