-- How downloads of a media portal come here: jobs of their kind. Files that they have stay where they are; ours lie under their owner's
-- id, so their paths stand among the download's options.
-- depends: 0138.import-requests

set local role renderstore_owner;

create function media.import_download(kind text, source text, old_row jsonb)
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
    url text := btrim(old_row ->> 'playlist_url');
    title text := nullif(old_row ->> 'playlist_title', '');
    collection text := nullif(old_row ->> 'plex_collection_id', '');
    created_at constant timestamptz := old_row ->> 'created_at';
    ended_at timestamptz := old_row ->> 'completed_at';
    status text;
    owner_status identity.user_status;
    days integer;
    made constant uuid := ops.imported_id(created_at, old_row ->> 'id');
begin
    status := case
        when old_status in ('queued', 'pending', 'downloading', 'processing', 'running')
            then 'queued'
        when old_status in ('completed', 'complete', 'done') then 'completed'
        when old_status in ('failed', 'error') then 'failed'
        when old_status in ('cancelled', 'canceled') then 'cancelled'
    end;
    select u.status, p.keep_ended_jobs_days into owner_status, days
    from identity.users as u
    join identity.plans as p on p.id = u.plan_id
    where u.id = owner;
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif status is null then
        perform ops.refuse_import(kind, source, old_row, 'Its status is none that is known here.');
        return;
    elsif ops.is_kept_time(created_at) is not true or ops.is_kept_time(ended_at) = false then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    elsif status = 'queued' and owner_status <> 'active' then
        perform ops.refuse_import(kind, source, old_row, 'It waits, and its user may not download.');
        return;
    end if;
    if status <> old_row ->> 'status' then
        changes := changes || format('status: %s became %s', old_row ->> 'status', status);
    end if;
    if url ~* '^http://' then
        url := regexp_replace(url, '^http://', 'https://', 'i');
        changes := changes || 'playlist_url: http became https'::text;
    end if;
    if length(title) > 500 then
        title := left(title, 500);
        changes := changes || 'playlist_title: cut after 500 characters'::text;
    end if;
    if length(collection) > 100 then
        collection := null;
        changes := changes || 'plex_collection_id: dropped, it is longer than 100 characters'::text;
    end if;
    if coalesce(old_row -> 'file_paths', 'null') not in ('null', '[]') then
        changes := changes || 'file_paths: kept in options, the files stay where they are'::text;
    end if;
    if status = 'queued' and ended_at is not null then
        ended_at := null;
        changes := changes || 'completed_at: dropped, it has not ended'::text;
    elsif status <> 'queued' and ended_at is null then
        ended_at := created_at;
        changes := changes || 'completed_at: taken from created_at'::text;
    end if;
    if ended_at < now() - days * interval '1 day' then
        changes := changes || 'beware: its user''s plan keeps it no longer, and the next sweep deletes it'::text;
    end if;
    perform work.import_jobs(
        'download',
        jsonb_build_array(
            jsonb_build_object(
                'user_id', owner,
                'id', made,
                'status', status,
                'priority', 5,
                'progress', case status when 'completed' then 100 else 0 end,
                'was_run', status in ('completed', 'failed'),
                'queued_at', created_at,
                'completed_at', ended_at
            )
        )
    );
    insert into media.download_specs (
        user_id,
        job_id,
        playlist_url,
        playlist_title,
        plex_collection_id,
        options
    )
    values (
        owner,
        made,
        url,
        title,
        collection,
        case
            when coalesce(old_row -> 'file_paths', 'null') in ('null', '[]') then '{}'
            else jsonb_build_object('file_paths', old_row -> 'file_paths')
        end
    );
    perform ops.note_import(kind, source, old_row ->> 'id', 'work.jobs', made::text, changes);
end
$$;
comment on function media.import_download(text, text, jsonb) is
    'Brings one download of a media portal here.';
