-- Submitting a download: the core's job and its specification in one call, within what the plan allows a day. An insert into
-- media.downloads is the same call.
-- depends: 0113.create-downloads

set local role renderstore_owner;

-- Security definer: nobody writes jobs or specifications by hand.
create function media.submit_download(
    playlist_url text,
    playlist_title text default null,
    plex_collection_id text default null,
    options jsonb default '{}',
    priority integer default 5,
    labels text[] default '{}',
    max_failures integer default 3,
    backoff_s integer default 10,
    estimated_s integer default null,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null,
    idempotency_key text default null,
    needs_job_ids uuid[] default null,
    on_failure work.dependency_rule default 'cancel',
    validate_first boolean default false,
    user_id uuid default null,
    out owner_id uuid,
    out id uuid,
    out is_new boolean,
    out queued_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    owner_id := work.acting_owner(user_id);
    select made.id, made.is_new, made.queued_at into id, is_new, queued_at
    from work.submit(
        owner_id,
        'download',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        validate_first
    ) as made;
    if is_new then
        insert into media.download_specs (
            user_id,
            job_id,
            playlist_url,
            playlist_title,
            plex_collection_id,
            options
        )
        values (
            owner_id,
            id,
            playlist_url,
            playlist_title,
            plex_collection_id,
            coalesce(options, '{}')
        );
        perform media.charge(owner_id, downloads => 1);
    end if;
end
$$;
comment on function media.submit_download is
    'A download just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

create function media.submit_inserted_download()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    made record;
begin
    perform work.check_new_job(
        new.status::text,
        num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.files,
            new.kept_files,
            new.failed_files,
            new.kept_bytes,
            new.file_paths,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        )
    );
    select * into made
    from media.submit_download(
        new.playlist_url,
        new.playlist_title,
        new.plex_collection_id,
        new.options,
        coalesce(new.priority::integer, 5),
        coalesce(new.labels::text[], '{}'),
        coalesce(new.max_failures::integer, 3),
        coalesce(new.backoff_s::integer, 10),
        new.estimated_s,
        new.due_at,
        new.auto_cancel_at,
        new.idempotency_key,
        user_id => new.user_id
    );
    select downloads.* into new
    from media.downloads
    where downloads.user_id = made.owner_id and downloads.id = made.id;
    return new;
end
$$;
comment on function media.submit_inserted_download() is
    'Trigger: an insert into media.downloads submits.';

create trigger downloads_submit
instead of insert on media.downloads
for each row
execute function media.submit_inserted_download();

grant execute on function media.submit_download to renderstore_app, renderstore_admin;
grant insert on media.downloads to renderstore_app, renderstore_admin;
