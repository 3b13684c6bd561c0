-- The files of downloads, and what a user keeps of them.

-- name: list_by_download(job_id, after_position, page_size)
-- A page of the files of the acting user's download in the order of the playlist, after this place (null for the first page).
-- row: DownloadFile
-- null: after_position?
select
    id,
    job_id,
    position,
    video_id,
    state,
    tries,
    title,
    path,
    size_bytes,
    error_class,
    error_message,
    found_at,
    kept_at
from media.download_files
where user_id = (select identity.current_user_id())
    and job_id = :job_id
    and position > 0
    and position > coalesce(:after_position::integer, 0)
order by position, id
limit (select :page_size::bigint);

-- name: list_kept(before_id, page_size)
-- A page of all files that the acting user keeps, newest first, before the one with this id (null for the first page): those of cleared downloads too.
-- row: DownloadFile
-- null: before_id?
select
    id,
    job_id,
    position,
    video_id,
    state,
    tries,
    title,
    path,
    size_bytes,
    error_class,
    error_message,
    found_at,
    kept_at
from media.download_files
where user_id = (select identity.current_user_id())
    and state = 'kept'
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_files(after_user_id, after_id, page_size)
-- A page of all kept files, whosever they are, for who compares them with what is on disk.
-- row: KeptFile
-- null: after_user_id? after_id? path!
select
    user_id,
    id,
    path,
    size_bytes
from media.download_files
where state = 'kept'
    and (user_id, id) > (
        coalesce(:after_user_id::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
order by user_id, id
limit (select :page_size::bigint);

-- name: report(user_id, id, attempt, video_ids, states, titles, paths, sizes_bytes, error_classes, error_messages)
-- How each file of a download stands after what its worker says of them; without states it has found them in the playlist. is_wanted: it is to be fetched. known_path: where its user has the same video. Refused without the current lease.
-- row: ReportedFile
-- null: states? titles? paths? sizes_bytes? error_classes? error_messages? video_id! state! is_wanted!
select
    video_id,
    state,
    is_wanted,
    known_path
from media.report_files(
    :user_id,
    :id,
    :attempt,
    :video_ids,
    :states,
    :titles,
    :paths,
    :sizes_bytes,
    :error_classes,
    :error_messages
)
order by nth;

-- name: remove(ids, user_id)$
-- How many kept files were removed, on purpose: the janitor takes them away, and no download fetches their videos again.
-- null: user_id? removed!
select media.remove_files(:ids, :user_id) as removed;

-- name: mark_missing(user_id, id)$
-- Whether a file was kept that is gone from disk: it failed, and a retry fetches it anew; an administrator's.
-- null: marked!
select media.mark_missing(:user_id, :id) as marked;

-- name: forget_removed(video_ids, user_id)$
-- How many files of these videos had been removed on purpose, and may be fetched again.
-- null: user_id? forgotten!
select media.forget_removed(:video_ids, :user_id) as forgotten;
