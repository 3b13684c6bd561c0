-- Downloads: jobs that fetch a playlist, file by file.

-- name: submit(playlist_url, playlist_title, plex_collection_id, options, priority, labels, max_failures, backoff_s, estimated_s, due_at, auto_cancel_at, idempotency_key, needs_job_ids, on_failure, validate_first, user_id)^
-- The download just submitted by the acting user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.
-- row: SubmittedDownload
-- null: is_new! user_id! id! queued_at! playlist_title? plex_collection_id? options? priority? labels? max_failures? backoff_s? estimated_s? due_at? auto_cancel_at? idempotency_key? needs_job_ids? on_failure? validate_first? :user_id?
select
    is_new,
    owner_id as user_id,
    id,
    queued_at
from media.submit_download(
    :playlist_url,
    :playlist_title,
    :plex_collection_id,
    coalesce(:options::jsonb, '{}'),
    coalesce(:priority::integer, 5),
    coalesce(:labels::text[], '{}'),
    coalesce(:max_failures::integer, 3),
    coalesce(:backoff_s::integer, 10),
    :estimated_s,
    :due_at,
    :auto_cancel_at,
    :idempotency_key,
    :needs_job_ids,
    coalesce(:on_failure::work.dependency_rule, 'cancel'),
    coalesce(:validate_first::boolean, false),
    :user_id
);

-- name: get(id)^
-- The acting user's download with this id.
-- row: Download
-- null: user_id! id! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! playlist_url! options! files! kept_files! failed_files! kept_bytes! submitted_by! queued_at!
select
    user_id,
    id,
    status,
    priority,
    progress,
    attempt,
    failures,
    max_failures,
    lost_leases,
    backoff_s,
    estimated_s,
    actual_s,
    labels,
    playlist_url,
    playlist_title,
    plex_collection_id,
    options,
    files,
    kept_files,
    failed_files,
    kept_bytes,
    file_paths,
    submitted_by,
    idempotency_key,
    held_by,
    lease_expires_at,
    exit_code,
    error_class,
    error_message,
    cancel_reason,
    due_at,
    auto_cancel_at,
    queued_at,
    started_at,
    completed_at,
    cancel_requested_at
from media.downloads
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The download with this id alone, whoever owns it, for who sees every row.
-- row: Download
-- null: user_id! id! status! priority! progress! attempt! failures! max_failures! lost_leases! backoff_s! labels! playlist_url! options! files! kept_files! failed_files! kept_bytes! submitted_by! queued_at!
select
    downloads.user_id,
    downloads.id,
    downloads.status,
    downloads.priority,
    downloads.progress,
    downloads.attempt,
    downloads.failures,
    downloads.max_failures,
    downloads.lost_leases,
    downloads.backoff_s,
    downloads.estimated_s,
    downloads.actual_s,
    downloads.labels,
    downloads.playlist_url,
    downloads.playlist_title,
    downloads.plex_collection_id,
    downloads.options,
    downloads.files,
    downloads.kept_files,
    downloads.failed_files,
    downloads.kept_bytes,
    downloads.file_paths,
    downloads.submitted_by,
    downloads.idempotency_key,
    downloads.held_by,
    downloads.lease_expires_at,
    downloads.exit_code,
    downloads.error_class,
    downloads.error_message,
    downloads.cancel_reason,
    downloads.due_at,
    downloads.auto_cancel_at,
    downloads.queued_at,
    downloads.started_at,
    downloads.completed_at,
    downloads.cancel_requested_at
from media.download_specs
join media.downloads
    on downloads.user_id = download_specs.user_id
    and downloads.id = download_specs.job_id
where download_specs.job_id = :id;

-- name: list(status, before_id, page_size)
-- A page of the acting user's downloads, newest first, before the one with this id (null for the first page); of one status where it is named (downloading, which is the queue's running; partly, with completed, which is the queue's completed).
-- row: ListedDownload
-- null: :status? before_id? id! status! priority! progress! queued_at!
select
    jobs.id,
    media.to_download(
        jobs.status,
        exists (
            select
            from media.download_files
            where download_files.user_id = jobs.user_id
                and download_files.job_id = jobs.id
                and download_files.state in ('found', 'downloading', 'failed')
        )
    ) as status,
    jobs.priority,
    jobs.progress,
    download_specs.playlist_url::text as playlist_url,
    download_specs.playlist_title,
    jobs.queued_at,
    jobs.started_at,
    jobs.completed_at,
    jobs.cancel_requested_at,
    jobs.error_class
from work.list_own_jobs(
    media.to_work(:status),
    'download',
    :before_id,
    :page_size
) as jobs
join media.download_specs
    on download_specs.user_id = jobs.user_id and download_specs.job_id = jobs.id
order by jobs.id desc;

-- name: claim(limit, lease)
-- Up to limit downloads for the acting worker, with what each is to fetch. The attempt is the token to report with.
-- row: ClaimedDownload
-- null: lease? user_id! id! attempt! lease_expires_at! playlist_url! options!
select
    user_id,
    id,
    attempt,
    lease_expires_at,
    playlist_url,
    playlist_title,
    plex_collection_id,
    options
from media.claim_downloads(:limit, coalesce(:lease::interval, interval '60 seconds'));

-- name: describe(user_id, id, attempt, playlist_title, plex_collection_id)!
-- Keeps what the playlist is called, as its worker found it, and its collection in Plex. What is null stays as it was. Refused without the current lease.
-- null: playlist_title? plex_collection_id?
select media.describe_download(
    :user_id,
    :id,
    :attempt,
    :playlist_title,
    :plex_collection_id
) as described;

-- name: finish(user_id, id, attempt, paths, sizes_bytes)$
-- What became of a download, with these files kept besides: completed, partly where files are missing; where nothing was kept it failed, or is tried again. Refused without the current lease.
-- null: paths? sizes_bytes? status!
select media.finish_download(
    :user_id,
    :id,
    :attempt,
    :paths,
    :sizes_bytes
) as status;

-- name: retry_failed(id, error_class, user_id)^
-- A download that has ended waits anew, for the files that failed with this class, or in any way that is worth another try; how many that are.
-- row: RetriedDownload
-- null: error_class? user_id? status! files!
select
    status,
    files
from media.retry_failed(:id, :error_class, :user_id);
