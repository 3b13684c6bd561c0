-- The janitor's functions: it claims a batch, deletes the files, confirms. A claim is a time until which nobody else takes the row, so
-- that one who dies is followed by another; deleting a file twice is harmless, since no URI is ever used again.
-- depends: 0080.sweep-assets

set local role renderstore_owner;

create function ops.claim_removals(
    max_rows bigint default 100,
    lease interval default '5 minutes'
)
returns table (user_id uuid, id uuid, uri text, tries bigint)
language plpgsql
volatile
security definer
rows 100
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
    removal ops.removals;
    asset studio.assets;
    until constant timestamptz := now() + lease::work.lease;
begin
    perform work.acting_worker();
    for removal in
        select r.*
        from ops.removals as r
        where r.due_at <= now()
            -- Where the user arrives it may be restored by now.
            and not exists (
                select
                from ops.moves as m
                where m.user_id = r.user_id
            )
        order by r.due_at
        limit max_rows::work.batch_size
        for update skip locked
    loop
        -- What lives is never removed, whoever asked for it.
        if ops.is_file_kept(removal.user_id, removal.uri) then
            delete from ops.removals as r
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        end if;
        select a.* into asset
        from studio.assets as a
        where a.user_id = removal.user_id and a.uri = removal.uri
        for no key update skip locked;
        if not found then
            -- Held by somebody, who may be restoring it; or there is none, since its user was erased.
            perform
            from studio.assets as a
            where a.user_id = removal.user_id and a.uri = removal.uri;
            continue when found;
        elsif asset.state in ('reserved', 'kept') then
            delete from ops.removals as r
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        elsif asset.state in ('expired', 'deleted')
            and studio.is_asset_used(asset.user_id, asset.id)
        then
            update ops.removals as r
            set due_at = now() + interval '1 hour'
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        elsif asset.state <> 'removing' and asset.state <> 'gone' then
            update studio.assets as a
            set state = 'removing'
            where a.user_id = asset.user_id and a.id = asset.id;
        end if;
        update ops.removals as r
        set
            due_at = until,
            tries = r.tries + 1
        where r.user_id = removal.user_id and r.id = removal.id
        returning r.user_id, r.id, r.uri, r.tries into user_id, id, uri, tries;
        return next;
    end loop;
end
$$;
comment on function ops.claim_removals(bigint, interval) is
    'Takes up to max_rows files that are to be removed for as long as the lease. From then on the file cannot be kept again.';

create function ops.confirm_removals(user_ids uuid[], ids uuid[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    removal ops.removals;
    asset studio.assets;
    confirmed bigint := 0;
begin
    perform work.acting_worker();
    for removal in
        select r.*
        from ops.removals as r
        join unnest(user_ids, ids) as done (user_id, id)
            on done.user_id = r.user_id and done.id = r.id
        where r.tries > 0
        order by r.user_id, r.id
        for update of r skip locked
    loop
        select a.* into asset
        from studio.assets as a
        where a.user_id = removal.user_id and a.uri = removal.uri
        for no key update skip locked;
        if not found then
            -- Held by its user: whoever claims it again finds no file, and confirms.
            perform
            from studio.assets as a
            where a.user_id = removal.user_id and a.uri = removal.uri;
            continue when found;
        elsif asset.state = 'removing' then
            update studio.assets as a
            set
                state = 'gone',
                sweep_at = now() + (
                    select p.keep_deleted_days * interval '1 day'
                    from identity.users as u
                    join identity.plans as p on p.id = u.plan_id
                    where u.id = asset.user_id
                )
            where a.user_id = asset.user_id and a.id = asset.id;
            if asset.kept_at is not null then
                perform studio.note_farms_use(asset.user_id, -asset.size_bytes, 0);
            end if;
        end if;
        delete from ops.removals as r
        where r.user_id = removal.user_id and r.id = removal.id;
        confirmed := confirmed + 1;
    end loop;
    return confirmed;
end
$$;
comment on function ops.confirm_removals(uuid[], uuid[]) is
    'Files that were claimed are removed: their assets are gone, and their bytes count no more. Says how many; a second time it says 0.';

create function ops.fail_removal(user_id uuid, id uuid, message text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    update ops.removals as r
    set
        last_error = left(message, 1000),
        due_at = now() + least(2 ^ least(r.tries, 20), 1440) * interval '1 minute'
    where r.user_id = user_id and r.id = id and r.tries > 0;
end
$$;
comment on function ops.fail_removal(uuid, uuid, text) is
    'A file could not be removed: it is tried again later, at most a day.';

create function ops.queue_stray(uri text, size_bytes bigint default 0)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner uuid;
begin
    perform work.check_administrator();
    if coalesce(uri, '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then
        raise exception using
            errcode = '23514',
            message = 'A file''s URI begins with the id of its owner and a slash.';
    end if;
    owner := split_part(uri, '/', 1)::uuid;
    -- Farms may share a disk: what has no row here has one there.
    perform identity.check_here(owner);
    if exists (
        select
        from studio.assets as a
        where a.user_id = owner and a.uri = uri and a.state <> 'gone'
    )
    or ops.is_file_kept(owner, uri)
    -- What a download has written it names when it is whole.
    or exists (
        select
        from work.jobs as j
        where j.user_id = owner and j.kind = 'download' and j.status = 'running'
    )
    then
        return false;
    end if;
    insert into ops.removals (user_id, uri, size_bytes, reason)
    values (owner, uri, size_bytes, 'stray')
    on conflict on constraint removals_user_id_uri_key do nothing;
    return found;
end
$$;
comment on function ops.queue_stray(text, bigint) is
    'A file was found that no asset names: it is to be removed. False where one names it after all, where it is to be removed already, or while a download of its owner runs; refused where the owner does not live.';

grant execute on function ops.queue_stray(text, bigint) to renderstore_admin;
grant execute on function
    ops.claim_removals(bigint, interval),
    ops.confirm_removals(uuid[], uuid[]),
    ops.fail_removal(uuid, uuid, text)
to renderstore_worker;
