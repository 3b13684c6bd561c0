-- How requests of a media portal come here: with the status that they had, and without what a plan says of new ones.
-- depends: 0137.import-render-jobs

set local role renderstore_owner;

create function media.import_request(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    owner constant uuid := ops.imported_user(kind, old_row ->> 'user_id');
    old_status constant text := lower(old_row ->> 'status');
    old_type constant text := lower(old_row ->> 'media_type');
    title text := btrim(regexp_replace(old_row ->> 'title', '[\u0001-\u001f\u007f]+', ' ', 'g'));
    tmdb_id integer;
    overseerr_id text := nullif(old_row ->> 'overseerr_id', '');
    created_at constant timestamptz := old_row ->> 'created_at';
    ended_at timestamptz := old_row ->> 'completed_at';
    today constant date := (now() at time zone 'utc')::date;
    status media.request_status;
    media_type media.media_type;
    made constant uuid := ops.imported_id(created_at, old_row ->> 'id');
begin
    status := case old_status
        when 'pending' then 'pending'::media.request_status
        when 'approved' then 'approved'
        when 'processing' then 'processing'
        when 'available' then 'available'
        when 'completed' then 'available'
        when 'failed' then 'failed'
        when 'declined' then 'declined'
        when 'rejected' then 'declined'
        when 'cancelled' then 'cancelled'
        when 'canceled' then 'cancelled'
        when 'removed' then 'removed'
        when 'deleted' then 'removed'
    end;
    media_type := case
        when old_type in ('movie', 'film') then 'movie'::media.media_type
        when old_type in ('tv', 'show', 'series') then 'tv'
    end;
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif status is null then
        perform ops.refuse_import(kind, source, old_row, 'Its status is none that is known here.');
        return;
    elsif media_type is null then
        perform ops.refuse_import(kind, source, old_row, 'Its media_type is none that is known here.');
        return;
    elsif ops.is_kept_time(created_at) is not true or ops.is_kept_time(ended_at) = false then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    end if;
    if status::text <> old_row ->> 'status' then
        changes := changes || format('status: %s became %s', old_row ->> 'status', status);
    end if;
    if media_type::text <> old_row ->> 'media_type' then
        changes := changes || format('media_type: %s became %s', old_row ->> 'media_type', media_type);
    end if;
    if title <> old_row ->> 'title' then
        changes := changes || 'title: written without control characters and blanks around it'::text;
    end if;
    if old_row ->> 'tmdb_id' ~ '^[0-9]{1,9}$' and (old_row ->> 'tmdb_id')::integer > 0 then
        tmdb_id := old_row ->> 'tmdb_id';
    elsif nullif(old_row ->> 'tmdb_id', '') is not null then
        changes := changes || 'tmdb_id: dropped, it is no number of TMDB'::text;
    end if;
    if length(overseerr_id) > 100 then
        overseerr_id := null;
        changes := changes || 'overseerr_id: dropped, it is longer than 100 characters'::text;
    end if;
    if status in ('pending', 'approved', 'processing') then
        if ended_at is not null then
            ended_at := null;
            changes := changes || 'completed_at: dropped, it is open'::text;
        end if;
    elsif ended_at is null then
        ended_at := created_at;
        changes := changes || 'completed_at: taken from created_at'::text;
    end if;
    -- What was asked for there today was asked for today.
    if (created_at at time zone 'utc')::date = today then
        perform media.lock_owner(owner);
        update media.usages as u
        set
            daily_requests = case when u.counted_on >= today then u.daily_requests else 0 end + 1,
            counted_on = greatest(u.counted_on, today)
        where u.user_id = owner;
    else
        insert into media.usages (user_id)
        values (owner)
        on conflict do nothing;
    end if;
    insert into media.requests (
        user_id,
        id,
        status,
        title,
        media_type,
        tmdb_id,
        overseerr_id,
        decided_by,
        requested_at,
        decided_at,
        completed_at
    )
    values (
        owner,
        made,
        status,
        title,
        media_type,
        tmdb_id,
        overseerr_id,
        case when status <> 'pending' then identity.current_actor() end,
        created_at,
        case when status <> 'pending' then coalesce(ended_at, created_at) end,
        ended_at
    );
    perform ops.note_import(kind, source, old_row ->> 'id', 'media.requests', made::text, changes);
end
$$;
comment on function media.import_request(text, text, jsonb) is
    'Brings one request of a media portal here.';
