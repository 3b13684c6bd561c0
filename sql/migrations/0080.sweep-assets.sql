-- What time does to assets: reservations that nobody kept are given up, what has expired goes unless something uses it, what is gone is
-- forgotten after the plan's days. One index says which rows are due.
-- depends: 0079.keep-assets

set local role renderstore_owner;

-- Its rows are found in the order of time, and count for users in no order: two at once would wait for each other.
insert into work.duties (name)
values ('sweep the studio');

create function studio.hold_farms_use(owner uuid)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from studio.usages as u
    where u.user_id = owner and u.is_farms
    for no key update skip locked;
    return found
        or not exists (
            select
            from studio.usages as u
            where u.user_id = owner and u.is_farms
        );
end
$$;
comment on function studio.hold_farms_use(uuid) is
    'Whether nobody is changing what the farm counts for a user at this moment; locks it, so that the sweep waits for nobody.';

create function studio.sweep_assets(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    asset studio.assets;
    done bigint := 0;
begin
    if not work.take_duty('sweep the studio') then
        return 0;
    end if;
    for asset in
        select a.*
        from studio.assets as a
        where a.sweep_at <= now()
        order by a.sweep_at
        limit max_rows
        for update skip locked
    loop
        continue when asset.state = 'reserved'
            and not studio.hold_farms_use(asset.user_id);
        done := done + 1;
        if asset.state = 'reserved' then
            perform studio.end_asset(asset, 'abandoned', now());
            perform studio.note_farms_use(asset.user_id, 0, -asset.size_bytes);
        elsif asset.state = 'gone' then
            delete from studio.assets as a
            where a.user_id = asset.user_id and a.id = asset.id;
        -- Asked under the lock: whoever wants to use it locks it too.
        elsif studio.is_asset_used(asset.user_id, asset.id) then
            update studio.assets as a
            set sweep_at = now() + interval '1 hour'
            where a.user_id = asset.user_id and a.id = asset.id;
        else
            perform studio.end_asset(asset, 'expired', now());
        end if;
    end loop;
    return done;
end
$$;
comment on function studio.sweep_assets(bigint) is
    'How many assets were looked at that are due: reservations end, what has expired and is not used expires, what is gone is forgotten.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (310, 'assets expired and reservations given up', 'studio.sweep_assets', false);
