-- What administrators decide. Who and why is kept with the request, and whoever asked hears of it by a notice of the same transaction.
-- depends: 0109.submit-requests

set local role renderstore_owner;

create function media.request_notice(
    title text,
    media_type media.media_type,
    season integer,
    is_4k boolean,
    reason text
)
returns jsonb
language sql
stable
return jsonb_strip_nulls(
    jsonb_build_object(
        'title',
        title,
        'media_type',
        media_type,
        'season',
        season,
        'is_4k',
        is_4k,
        'reason',
        reason
    )
);
comment on function media.request_notice(
    text,
    media.media_type,
    integer,
    boolean,
    text
) is
    'What a notice says of a request.';

create function media.decide_request(
    user_id uuid,
    id uuid,
    became media.request_status,
    reason text default null,
    out status media.request_status,
    out is_changed boolean
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
    perform work.check_administrator();
    perform identity.check_here(user_id);
    if became is null or became in ('pending', 'cancelled') then
        raise exception using
            errcode = 'RS005',
            message = 'An administrator approves, declines, begins, fails, makes available or removes; whoever asked cancels.';
    elsif became in ('declined', 'failed') and reason is null then
        raise exception using
            errcode = '23514',
            message = 'Whoever asked wants to know why: name the reason.';
    end if;
    -- What has failed is open again: no other submission of the same user may be under way, whose key it would wait for.
    if became = 'approved' then
        perform media.lock_owner(o.user_id)
        from identity.owners as o
        where o.user_id = user_id;
    end if;
    request := media.lock_request(user_id, id);
    status := became;
    is_changed := request.status <> became;
    if not is_changed then
        return;
    end if;
    update media.requests as r
    set
        status = became,
        decided_by = identity.current_actor(),
        decision_reason = reason,
        decided_at = now(),
        completed_at = case when became not in ('approved', 'processing') then now() end
    where r.user_id = user_id and r.id = id;
    if became <> 'processing' then
        insert into ops.notices (user_id, topic, subject_id, body)
        values (
            user_id,
            'request_' || became::text,
            id,
            media.request_notice(
                request.title,
                request.media_type,
                request.season,
                request.is_4k,
                reason
            )
        );
    end if;
end
$$;
comment on function media.decide_request(uuid, uuid, media.request_status, text) is
    'An administrator''s decision about a request: approved, declined, processing (it has begun), available, failed or removed. The same once more changes nothing.';

create function media.make_available(
    media_type media.media_type,
    tmdb_id integer,
    season integer default null,
    is_4k boolean default false,
    out made_available bigint,
    out held bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    -- What somebody is cancelling at this moment is passed over, and whoever moves to another farm.
    with awaited as materialized (
        select r.user_id, r.id
        from media.requests as r
        where r.status in ('approved', 'processing')
            and r.tmdb_id = tmdb_id
            and r.media_type = media_type
            and r.season is not distinct from season
            and r.is_4k = coalesce(is_4k, false)
            and not exists (
                select
                from ops.moves as m
                where m.user_id = r.user_id
            )
        order by r.user_id, r.id
        for no key update of r skip locked
    ),

    there as (
        update media.requests as r
        set
            status = 'available',
            decided_by = identity.current_actor(),
            decision_reason = null,
            decided_at = now(),
            completed_at = now()
        from awaited
        where r.user_id = awaited.user_id and r.id = awaited.id
        returning r.user_id, r.id, r.title, r.media_type, r.season, r.is_4k
    ),

    noted as (
        insert into ops.notices (user_id, topic, subject_id, body)
        select
            there.user_id,
            'request_available',
            there.id,
            media.request_notice(
                there.title,
                there.media_type,
                there.season,
                there.is_4k,
                null
            )
        from there
    )

    select count(*) into made_available
    from there;
    select count(*) into held
    from media.requests as r
    where r.status in ('approved', 'processing')
        and r.tmdb_id = tmdb_id
        and r.media_type = media_type
        and r.season is not distinct from season
        and r.is_4k = coalesce(is_4k, false);
end
$$;
comment on function media.make_available(
    media.media_type,
    integer,
    integer,
    boolean
) is
    'A movie, a show or a season is there: the approved requests of everybody who asked for it are available. held counts those that somebody holds at this moment, for a second call.';

-- Behind a policy the planner may not look for an enum in an index, so a function asks, for whoever may know.
create function media.list_requests(
    status media.request_status,
    before_id uuid default null,
    page_size bigint default 50
)
returns setof media.requests
language plpgsql
stable
security definer
rows 50
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_variable
begin
    if current_setting('role') not in ('renderstore_admin', 'renderstore_readonly') then
        raise exception using
            errcode = '42501',
            message = 'Only an administrator or a reader looks at the requests of all users.';
    end if;
    return query
    select r.*
    from media.requests as r
    where r.status = status
        and r.id < coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by r.status desc, r.id desc
    limit page_size::work.batch_size;
end
$$;
comment on function media.list_requests(media.request_status, uuid, bigint) is
    'A page of the requests of all users in one status, newest first, before the one with this id.';

grant execute on function
    media.list_requests(media.request_status, uuid, bigint)
to renderstore_admin, renderstore_readonly;
grant execute on function
    media.decide_request(uuid, uuid, media.request_status, text),
    media.make_available(media.media_type, integer, integer, boolean)
to renderstore_admin;
