-- A download as one row, in the words of the portal. An insert submits; whatever else becomes of a download is asked by a function.
-- depends: 0112.create-download-files

set local role renderstore_owner;

create type media.download_status as enum (
    'pending',
    'validating',
    'queued',
    'downloading',
    'completed',
    'partly',
    'failed',
    'cancelled'
);
comment on type media.download_status is
    'Where a download stands, in the words of the portal: downloading is work.job_status''s running, partly its completed, with files that are missing.';

create function media.to_download(status work.job_status, has_missing_files boolean)
returns media.download_status
language sql
immutable
parallel safe
return case status
    when 'pending' then 'pending'::media.download_status
    when 'validating' then 'validating'
    when 'queued' then 'queued'
    when 'running' then 'downloading'
    when 'completed'
        then case
            when has_missing_files then 'partly'::media.download_status
            else 'completed'
        end
    when 'failed' then 'failed'
    when 'cancelled' then 'cancelled'
end;
comment on function media.to_download(work.job_status, boolean) is
    'The same status in the words of the portal.';

create function media.to_work(status media.download_status)
returns work.job_status
language sql
immutable
parallel safe
return case status
    when 'pending' then 'pending'::work.job_status
    when 'validating' then 'validating'
    when 'queued' then 'queued'
    when 'downloading' then 'running'
    when 'completed' then 'completed'
    when 'partly' then 'completed'
    when 'failed' then 'failed'
    when 'cancelled' then 'cancelled'
end;
comment on function media.to_work(media.download_status) is
    'The same status in the words of the queue.';

grant execute on function
    media.to_download(work.job_status, boolean),
    media.to_work(media.download_status)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create view media.downloads
with (security_invoker = true) as
select
    j.user_id,
    j.id,
    media.to_download(
        j.status,
        exists (
            select
            from media.download_files as f
            where f.user_id = j.user_id
                and f.job_id = j.id
                and f.state in ('found', 'downloading', 'failed')
        )
    ) as status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    extract(epoch from j.completed_at - j.started_at)::double precision as actual_s,
    j.labels,
    -- Without its domain: an insert's values are looked at once, where the function puts them.
    s.playlist_url::text as playlist_url,
    s.playlist_title,
    s.plex_collection_id,
    s.options,
    (
        select count(*)
        from media.download_files as f
        where f.user_id = j.user_id and f.job_id = j.id
    ) as files,
    (
        select count(*)
        from media.download_files as f
        where f.user_id = j.user_id and f.job_id = j.id and f.state = 'kept'
    ) as kept_files,
    (
        select count(*)
        from media.download_files as f
        where f.user_id = j.user_id and f.job_id = j.id and f.state = 'failed'
    ) as failed_files,
    (
        select coalesce(sum(f.size_bytes), 0)::bigint
        from media.download_files as f
        where f.user_id = j.user_id and f.job_id = j.id and f.state = 'kept'
    ) as kept_bytes,
    (
        select jsonb_agg(f.path order by f.position, f.id)
        from media.download_files as f
        where f.user_id = j.user_id and f.job_id = j.id and f.state = 'kept'
    ) as file_paths,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
from work.jobs as j
join media.download_specs as s on s.user_id = j.user_id and s.job_id = j.id;

comment on view media.downloads is
    'One row a download: its life from work.jobs, its content from media.download_specs, what became of its files. Insert submits; functions change.';
comment on column media.downloads.user_id is
    'The user who owns the job.';
comment on column media.downloads.id is
    'The job''s identifier, made by the database; later jobs sort after earlier ones.';
comment on column media.downloads.status is
    'Where the download stands, in the words of the portal: downloading is the queue''s running, partly is completed with files that are missing.';
comment on column media.downloads.priority is
    'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
comment on column media.downloads.progress is
    'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
comment on column media.downloads.attempt is
    'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
comment on column media.downloads.failures is
    'How many attempts failed; a lost lease is not one.';
comment on column media.downloads.max_failures is
    'After how many failures the job has failed, 1 to 100.';
comment on column media.downloads.lost_leases is
    'How many leases ran out; after five the job has failed.';
comment on column media.downloads.backoff_s is
    'Seconds before the first retry, 1 to 86400; doubled for each further one.';
comment on column media.downloads.estimated_s is
    'How many seconds the job is expected to run; null where nobody knows.';
comment on column media.downloads.actual_s is
    'How many seconds the last attempt took; null while the job has not ended, or never began.';
comment on column media.downloads.labels is
    'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
comment on column media.downloads.playlist_url is
    'Where the playlist is found.';
comment on column media.downloads.playlist_title is
    'What the playlist is called; null where nobody has said.';
comment on column media.downloads.plex_collection_id is
    'The collection in Plex that its files belong to; null without one.';
comment on column media.downloads.options is
    'What the worker should mind, such as a format: an object of the application''s own.';
comment on column media.downloads.files is
    'How many files it has, whatever became of them.';
comment on column media.downloads.kept_files is
    'How many of its files are kept.';
comment on column media.downloads.failed_files is
    'How many of its files failed.';
comment on column media.downloads.kept_bytes is
    'How many bytes its kept files have.';
comment on column media.downloads.file_paths is
    'The paths of its kept files, in the order of the playlist: a list; null without one.';
comment on column media.downloads.submitted_by is
    'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
comment on column media.downloads.idempotency_key is
    'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
comment on column media.downloads.held_by is
    'The worker that runs the job; null unless it runs.';
comment on column media.downloads.lease_expires_at is
    'Until when the worker holds the job unless it reports; null unless it runs.';
comment on column media.downloads.exit_code is
    'The exit code of the last attempt''s program; null where none is known.';
comment on column media.downloads.error_class is
    'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
comment on column media.downloads.error_message is
    'What the last failure said, up to 10000 characters; null without one.';
comment on column media.downloads.cancel_reason is
    'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
comment on column media.downloads.due_at is
    'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
comment on column media.downloads.auto_cancel_at is
    'When the job is cancelled by itself unless it has ended; null for never.';
comment on column media.downloads.queued_at is
    'When the job was submitted, or asked for again.';
comment on column media.downloads.started_at is
    'When the last attempt began; null before the first.';
comment on column media.downloads.completed_at is
    'When the job ended, whichever way; null while it has not.';
comment on column media.downloads.cancel_requested_at is
    'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

grant select on media.downloads
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

-- The columns that the portal's users know.
create view media.youtube_downloads
with (security_invoker = true) as
select
    id,
    user_id,
    playlist_url,
    playlist_title,
    status,
    file_paths,
    plex_collection_id,
    queued_at as created_at,
    completed_at
from media.downloads;

comment on view media.youtube_downloads is
    'media.downloads in the columns that the portal had before.';
comment on column media.youtube_downloads.id is
    'The job''s identifier, made by the database; later jobs sort after earlier ones.';
comment on column media.youtube_downloads.user_id is
    'The user who owns the job.';
comment on column media.youtube_downloads.playlist_url is
    'Where the playlist is found.';
comment on column media.youtube_downloads.playlist_title is
    'What the playlist is called; null where nobody has said.';
comment on column media.youtube_downloads.status is
    'Where the download stands, in the words of the portal: downloading is the queue''s running, partly is completed with files that are missing.';
comment on column media.youtube_downloads.file_paths is
    'The paths of its kept files, in the order of the playlist: a list; null without one.';
comment on column media.youtube_downloads.plex_collection_id is
    'The collection in Plex that its files belong to; null without one.';
comment on column media.youtube_downloads.created_at is
    'When the download was asked for, or asked for again.';
comment on column media.youtube_downloads.completed_at is
    'When the job ended, whichever way; null while it has not.';

grant select on media.youtube_downloads
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
