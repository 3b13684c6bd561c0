-- What a worker does with downloads: a claim says what to fetch, reports keep what became of each file, many in one call, and the end
-- says whether anything is missing. A worker waits for no row that a user can hold.
-- depends: 0114.submit-downloads

set local role renderstore_owner;

-- Security definer and the settings: see render.claim.
create function media.claim_downloads(
    max_jobs bigint default 1,
    lease interval default '60 seconds'
)
returns table (
    user_id uuid,
    id uuid,
    attempt integer,
    lease_expires_at timestamptz,
    playlist_url text,
    playlist_title text,
    plex_collection_id text,
    options jsonb
)
language plpgsql
volatile
security definer
rows 10
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
    return query
    select
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.lease_expires_at,
        s.playlist_url::text,
        s.playlist_title,
        s.plex_collection_id,
        s.options
    from work.claim(max_jobs, '{download}', lease) as claimed
    join media.download_specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;
comment on function media.claim_downloads(bigint, interval) is
    'Takes up to this many downloads for the acting worker, as work.claim does, and gives with each what it is to fetch.';

create function media.describe_download(
    user_id uuid,
    id uuid,
    attempt integer,
    playlist_title text default null,
    plex_collection_id text default null
)
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
    perform work.hold_lease(user_id, id, attempt);
    update media.download_specs as s
    set
        playlist_title = coalesce(left(playlist_title, 500), s.playlist_title),
        plex_collection_id = coalesce(plex_collection_id, s.plex_collection_id)
    where s.user_id = user_id and s.job_id = id;
end
$$;
comment on function media.describe_download(uuid, uuid, integer, text, text) is
    'A worker found what the playlist is called, or made its collection in Plex. What is null stays as it was. Refused without the current lease.';

create function media.report_files(
    user_id uuid,
    id uuid,
    attempt integer,
    video_ids text[],
    states media.file_state[] default null,
    titles text[] default null,
    paths text[] default null,
    sizes_bytes bigint[] default null,
    error_classes text[] default null,
    error_messages text[] default null
)
returns table (
    nth bigint,
    video_id text,
    state media.file_state,
    is_wanted boolean,
    known_path text
)
language plpgsql
volatile
security definer
rows 100
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_variable
declare
    asked constant work.batch_size := coalesce(cardinality(video_ids), 0);
    kept_paths text[];
    taken text;
begin
    perform work.hold_lease(user_id, id, attempt);
    if greatest(
            cardinality(states),
            cardinality(titles),
            cardinality(paths),
            cardinality(sizes_bytes),
            cardinality(error_classes),
            cardinality(error_messages)
        ) > asked
        or array_position(video_ids, null) is not null
    then
        raise exception using
            errcode = '23514',
            message = 'Each file is named, and no list is longer than that of the files.';
    elsif 'removed' = any(states) then
        raise exception using
            errcode = '42501',
            message = 'Only the user of a download removes what was kept.';
    elsif asked = 0 then
        return;
    end if;

    -- A file that is on its way out is not kept again under the same name; one that nobody has taken yet stays.
    select array_agg(distinct listed.path) into kept_paths
    from unnest(paths, states) as listed (path, state)
    where listed.state = 'kept' and listed.path is not null;
    if kept_paths is not null then
        delete from ops.removals as r
        where (r.user_id, r.id) in (
            select free.user_id, free.id
            from ops.removals as free
            where free.user_id = user_id
                and free.uri = any(kept_paths)
                and free.tries = 0
            for update skip locked
        );
        select listed.path into taken
        from unnest(kept_paths) as listed (path)
        where exists (
            select
            from ops.removals as r
            where r.user_id = user_id and r.uri = listed.path
        )
        or exists (
            select
            from studio.assets as a
            where a.user_id = user_id and a.uri = listed.path
        )
        limit 1;
        if found then
            raise exception using
                errcode = 'RS005',
                message = format('The file %s is an asset''s, or is being removed: keep it under another name.', taken);
        end if;
    end if;

    insert into media.download_files (
        user_id,
        job_id,
        position,
        video_id,
        title,
        state,
        error_message
    )
    select
        user_id,
        id,
        known.places + row_number() over (order by new.nth),
        new.video_id,
        left(new.title, 500),
        case when new.is_removed then 'skipped'::media.file_state else 'found' end,
        case when new.is_removed then 'It was removed on purpose.' end
    from (
        select distinct on (listed.video_id)
            listed.video_id,
            listed.title,
            listed.nth,
            exists (
                select
                from media.download_files as other
                where other.user_id = user_id
                    and other.video_id = listed.video_id
                    and other.state = 'removed'
            ) as is_removed
        from unnest(video_ids, titles) with ordinality as listed (video_id, title, nth)
        -- One by one, by their key: how many files a download has the planner does not know.
        where (
            select c.position
            from media.download_files as c
            where c.user_id = user_id
                and c.job_id = id
                and c.video_id = listed.video_id
        ) is null
        order by listed.video_id, listed.nth
    ) as new
    cross join (
        select coalesce(max(c.position), 0) as places
        from media.download_files as c
        where c.user_id = user_id and c.job_id = id and c.position > 0
    ) as known
    on conflict on constraint download_files_user_id_job_id_video_id_key do nothing;

    -- What may not become what was reported stays as it is, and so does what its user holds: the answer says how each stands.
    update media.download_files as f
    set
        state = coalesce(told.state, 'found'),
        tries = f.tries + case when told.state = 'downloading' then 1 else 0 end,
        title = coalesce(left(told.title, 500), f.title),
        path = case when told.state = 'kept' then told.path end,
        size_bytes = case when told.state = 'kept' then told.size_bytes end,
        kept_at = case when told.state = 'kept' then now() end,
        error_class = case
            when told.state = 'failed' then coalesce(told.error_class, 'unknown')
        end,
        error_message = case
            when told.state in ('failed', 'skipped') then left(told.error_message, 1000)
        end
    from (
        select held.user_id, held.id, last.*
        from (
            select distinct on (listed.video_id) listed.*
            from unnest(
                video_ids,
                states,
                titles,
                paths,
                sizes_bytes,
                error_classes,
                error_messages
            ) with ordinality
                as listed (
                    video_id,
                    state,
                    title,
                    path,
                    size_bytes,
                    error_class,
                    error_message,
                    nth
                )
            order by listed.video_id, listed.nth desc
        ) as last
        cross join lateral (
            select c.user_id, c.id
            from media.download_files as c
            where c.user_id = user_id
                and c.job_id = id
                and c.video_id = last.video_id
                and case coalesce(last.state, 'found')
                    -- What has failed is tried again when somebody asks, not because it is found again.
                    when 'found' then c.state = 'downloading'
                    when 'failed' then c.state in ('found', 'downloading', 'failed')
                    else media.may_become(c.state, last.state)
                        or (
                            c.state = last.state
                            and last.state = 'downloading'
                        )
                end
            for no key update skip locked
        ) as held
    ) as told (
        user_id,
        id,
        video_id,
        state,
        title,
        path,
        size_bytes,
        error_class,
        error_message,
        nth
    )
    where f.user_id = told.user_id and f.id = told.id;

    return query
    select
        listed.nth,
        f.video_id,
        f.state,
        f.state in ('found', 'downloading')
        and row_number() over (partition by f.video_id order by listed.nth) = 1,
        case
            when f.state in ('found', 'downloading')
                then (
                    -- Not the path alone: the planner would look for the first one in an index of all.
                    select min(k.path || '')
                    from media.download_files as k
                    where k.user_id = user_id
                        and k.video_id = f.video_id
                        and k.state = 'kept'
                )
        end
    from unnest(video_ids) with ordinality as listed (video_id, nth)
    cross join lateral (
        select c.video_id, c.state
        from media.download_files as c
        where c.user_id = user_id and c.job_id = id and c.video_id = listed.video_id
        limit 1
    ) as f
    order by listed.nth;
end
$$;
comment on function media.report_files is
    'What a worker says of the files of a download that it holds: without states it has found them in the playlist. Gives how each stands, whether it is to be fetched, and where its user has the same video already. Refused without the current lease.';

create function media.finish_download(
    user_id uuid,
    id uuid,
    attempt integer,
    paths text[] default null,
    sizes_bytes bigint[] default null
)
returns media.download_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    done record;
    became work.job_status;
begin
    perform work.hold_lease(user_id, id, attempt);
    if cardinality(paths) > 0 then
        perform media.report_files(
            user_id,
            id,
            attempt,
            -- Who names a path alone names no video: the path within the user's folder stands for it.
            array(
                select left(substr(listed.path, 38), 200)
                from unnest(paths) with ordinality as listed (path, nth)
                order by listed.nth
            ),
            array_fill('kept'::media.file_state, array[cardinality(paths)]),
            paths => paths,
            sizes_bytes => sizes_bytes
        );
    end if;
    select
        count(*) filter (
            where f.state in ('kept', 'skipped', 'removed')
        ) as settled,
        count(*) filter (
            where f.state in ('found', 'downloading', 'failed')
        ) as missing,
        mode() within group (order by f.error_class::text) as error_class
    into done
    from media.download_files as f
    where f.user_id = user_id and f.job_id = id;
    if done.settled = 0 and done.missing > 0 then
        became := work.fail(
            user_id,
            id,
            attempt,
            coalesce(done.error_class, 'unknown'),
            format('None of its %s files was kept.', done.missing)
        );
        if became in ('pending', 'queued') then
            perform media.want_again(user_id, id, null);
        end if;
        return media.to_download(became, true);
    end if;
    perform work.finish(user_id, id, attempt);
    if done.missing > 0 then
        insert into ops.notices (user_id, topic, subject_id, body)
        select
            s.user_id,
            'download_partly',
            s.job_id,
            jsonb_build_object(
                'title',
                coalesce(s.playlist_title, s.playlist_url::text),
                'settled_files',
                done.settled,
                'missing_files',
                done.missing
            )
        from media.download_specs as s
        where s.user_id = user_id and s.job_id = id;
    end if;
    return media.to_download('completed', done.missing > 0);
end
$$;
comment on function media.finish_download(uuid, uuid, integer, text[], bigint[]) is
    'Ends a download, keeping these files besides: it is completed, partly where files are missing, which its user hears of, or has failed where nothing was kept at all. Refused without the current lease.';

create function media.want_again(owner uuid, job uuid, error_class text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    wanted bigint;
begin
    update media.download_files as f
    set
        state = 'found',
        error_class = null,
        error_message = null
    where f.user_id = owner
        and f.job_id = job
        and f.state = 'failed'
        and case
            when error_class is not null then f.error_class = error_class
            else not exists (
                select
                from work.error_classes as c
                where c.name = f.error_class and not c.is_retried
            )
        end;
    get diagnostics wanted = row_count;
    return wanted;
end
$$;
comment on function media.want_again(uuid, uuid, text) is
    'How many failed files of a download are to be fetched again: those of this class, or of every class that is tried again.';

grant execute on function
    media.claim_downloads(bigint, interval),
    media.describe_download(uuid, uuid, integer, text, text),
    media.report_files,
    media.finish_download(uuid, uuid, integer, text[], bigint[])
to renderstore_worker;
