-- Asking for a movie, a show or its seasons, all or none of them, and taking a request back. The owner's row in media.usages is locked
-- first: of two that ask for the same the second one sees the first one's rows.
-- depends: 0108.create-requests

set local role renderstore_owner;

create function media.charge(
    owner uuid,
    requests bigint default 0,
    downloads bigint default 0
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    today constant date := (now() at time zone 'utc')::date;
    used record;
begin
    perform media.lock_owner(owner);
    update media.usages as u
    set
        -- A transaction that began before midnight does not bring yesterday back.
        daily_requests = case when u.counted_on >= today then u.daily_requests else 0 end
            + requests,
        daily_downloads = case when u.counted_on >= today then u.daily_downloads else 0 end
            + downloads,
        counted_on = greatest(u.counted_on, today)
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where u.user_id = owner and o.id = owner
    returning
        u.daily_requests,
        u.daily_downloads,
        o.status,
        p.name,
        p.max_open_requests,
        p.max_daily_requests,
        p.max_daily_downloads
    into used;
    perform work.check_active(used.status);
    perform ops.check_limit(
        used.name,
        'plans_max_daily_requests',
        'The plan %s allows %s requests a day; %s were made today and %s more were asked for.',
        used.daily_requests,
        requests,
        used.max_daily_requests
    );
    perform ops.check_limit(
        used.name,
        'plans_max_daily_downloads',
        'The plan %s allows %s downloads a day; %s were asked for today and %s more now.',
        used.daily_downloads,
        downloads,
        used.max_daily_downloads
    );
    if requests > 0 and used.max_open_requests is not null then
        perform ops.check_limit(
            used.name,
            'plans_max_open_requests',
            'The plan %s allows %s open requests; %s are open and %s more were asked for.',
            (
                select count(*)
                from media.requests as r
                where r.user_id = owner
                    and r.status in ('pending', 'approved', 'processing')
            ),
            requests,
            used.max_open_requests
        );
    end if;
end
$$;
comment on function media.charge(uuid, bigint, bigint) is
    'Charges requests that were just made, or downloads, to their owner, whose row stays locked, or refuses.';

create function media.submit_requests(
    title text,
    media_type media.media_type,
    tmdb_id integer default null,
    seasons integer[] default null,
    is_4k boolean default false,
    overseerr_id text default null,
    user_id uuid default null
)
returns table (
    nth bigint,
    is_new boolean,
    id uuid,
    season integer,
    status media.request_status,
    requested_at timestamptz
)
language plpgsql
volatile
security definer
rows 1
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    wanted constant integer[] := coalesce(nullif(seasons, '{}'), array[null::integer]);
    new_ids uuid[];
begin
    if cardinality(wanted) > 100 then
        raise exception using
            errcode = '23514',
            message = 'One call asks for at most 100 seasons.';
    elsif cardinality(seasons) > 0 and array_position(seasons, null) is not null then
        raise exception using
            errcode = '23514',
            message = 'A list of seasons has no empty place; without a list the whole show is asked for.';
    elsif cardinality(wanted) > (
        select count(distinct listed.season)
        from unnest(seasons) as listed (season)
    )
    and cardinality(wanted) > 1
    then
        raise exception using
            errcode = '23514',
            message = 'Each season is named once.';
    end if;
    perform media.lock_owner(owner);
    with made as (
        insert into media.requests as r (
            user_id,
            title,
            media_type,
            tmdb_id,
            season,
            is_4k,
            overseerr_id
        )
        select
            owner,
            title,
            media_type,
            tmdb_id,
            listed.season,
            coalesce(is_4k, false),
            overseerr_id
        from unnest(wanted) with ordinality as listed (season, nth)
        order by listed.nth
        on conflict do nothing
        returning r.id
    )

    select array_agg(made.id) into new_ids
    from made;
    if new_ids is not null then
        perform media.charge(owner, requests => cardinality(new_ids));
    end if;
    return query
    select
        listed.nth,
        r.id = any(new_ids) is true,
        r.id,
        r.season,
        r.status,
        r.requested_at
    from unnest(wanted) with ordinality as listed (season, nth)
    join media.requests as r
        on r.user_id = owner and r.season is not distinct from listed.season
    where r.id = any(new_ids)
        or (
            r.tmdb_id = tmdb_id
            and r.media_type = media_type
            and r.is_4k = coalesce(is_4k, false)
            and r.status in ('pending', 'approved', 'processing', 'available')
        )
    order by listed.nth;
end
$$;
comment on function media.submit_requests(
    text,
    media.media_type,
    integer,
    integer[],
    boolean,
    text,
    uuid
) is
    'Asks for a movie, a show or its seasons, for the bound user or the one that an administrator names: all of them or none within the plan. What is open or there already is found, and not asked for again.';

create function media.lock_request(owner uuid, id uuid)
returns media.requests
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    request media.requests;
begin
    -- Whoever asked holds the own row for as long as the own transaction lasts: an administrator never queues for it, and an
    -- administrator's own transaction is waited for.
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into request
            from media.requests as r
            where r.user_id = owner and r.id = id
            for no key update;
        else
            select * into request
            from media.requests as r
            where r.user_id = owner and r.id = id
            for no key update skip locked;
        end if;
        if found then
            return request;
        end if;
        perform
        from media.requests as r
        where r.user_id = owner and r.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no request with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing this request at this moment; try again.';
end
$$;
comment on function media.lock_request(uuid, uuid) is
    'A user''s request, locked for the rest of the transaction; refuses where there is none.';

create function media.cancel_request(
    id uuid,
    user_id uuid default null,
    out status media.request_status
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    request media.requests;
begin
    request := media.lock_request(work.acting_owner(user_id), id);
    status := 'cancelled';
    if request.status = 'cancelled' then
        return;
    end if;
    update media.requests as r
    set
        status = 'cancelled',
        decided_by = identity.current_actor(),
        decision_reason = null,
        decided_at = now(),
        completed_at = now()
    where r.user_id = request.user_id and r.id = request.id;
end
$$;
comment on function media.cancel_request(uuid, uuid) is
    'Takes a request back that is not there yet. A second time changes nothing.';

grant execute on function
    media.submit_requests(
        text,
        media.media_type,
        integer,
        integer[],
        boolean,
        text,
        uuid
    ),
    media.cancel_request(uuid, uuid)
to renderstore_app, renderstore_admin;
