-- The files of downloads. What was kept outlives its job, as what was removed on purpose does: the one so that clearing old jobs takes
-- nobody's files away, the other so that it is not fetched again. A kept file is never orphaned: whatever ends its row queues it for the
-- janitor.
-- depends: 0111.create-download-specs

set local role renderstore_owner;

create table media.download_files (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    job_id uuid,
    position integer not null,
    video_id text not null,
    state media.file_state not null default 'found',
    tries integer not null default 0,
    title text,
    path text,
    size_bytes bigint,
    error_class work.error_class,
    error_message text,
    found_at timestamptz not null default now(),
    kept_at timestamptz,

    constraint download_files_pkey primary key (user_id, id),
    constraint download_files_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint download_files_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete set null (job_id),
    constraint download_files_user_id_job_id_video_id_key
        unique (user_id, job_id, video_id),
    constraint download_files_position_is_positive_check check (position >= 1),
    constraint download_files_video_id_is_short_check
        check (length(video_id) between 1 and 200),
    constraint download_files_tries_is_not_negative_check check (tries >= 0),
    constraint download_files_title_is_short_check check (length(title) <= 500),
    constraint download_files_path_is_the_owners_check
        check (ops.is_owners_uri(user_id, path)),
    constraint download_files_size_bytes_is_not_negative_check
        check (size_bytes between 0 and 1125899906842624),
    constraint download_files_error_message_is_short_check
        check (length(error_message) <= 1000),
    constraint download_files_is_whole_check check (
        (state in ('kept', 'removed'))
        = (path is not null and kept_at is not null)
        and (state = 'failed') = (error_class is not null)
    )
);

comment on table media.download_files is
    'One row a file of a download.';
comment on column media.download_files.user_id is
    'The user who owns the download.';
comment on column media.download_files.id is
    'The file''s identifier, made by the database.';
comment on column media.download_files.job_id is
    'The download; null once that is cleared, and the file stays.';
comment on column media.download_files.position is
    'Its place in the playlist, from 1.';
comment on column media.download_files.video_id is
    'Which video it is, as the site names it, 1 to 200 characters.';
comment on column media.download_files.state is
    'Where the file stands; media.transitions says what may follow.';
comment on column media.download_files.tries is
    'How often its download began.';
comment on column media.download_files.title is
    'What the video is called, up to 500 characters; null where nobody said.';
comment on column media.download_files.path is
    'Where the file lies, under its owner''s id; null while nothing was kept.';
comment on column media.download_files.size_bytes is
    'The file''s size in bytes; null while nothing was kept, or where nobody said.';
comment on column media.download_files.error_class is
    'The class of its failure, such as network; null unless it failed.';
comment on column media.download_files.error_message is
    'What the failure said, or why it was skipped, up to 1000 characters; null where nothing was said.';
comment on column media.download_files.found_at is
    'When it was found in the playlist.';
comment on column media.download_files.kept_at is
    'When the file was there; null while nothing was kept.';
comment on constraint download_files_pkey on media.download_files is
    'There is already a file with this id.';
comment on constraint download_files_user_id_fkey on media.download_files is
    'There is no user with this id; still referenced: the user has downloaded files.';
comment on constraint download_files_user_id_job_id_fkey on media.download_files is
    'There is no job with this id; still referenced: the download has files.';
comment on constraint download_files_user_id_job_id_video_id_key
on media.download_files is
    'The download already has this video.';
comment on constraint download_files_position_is_positive_check on media.download_files is
    'A file''s place in its playlist is 1 or more.';
comment on constraint download_files_video_id_is_short_check on media.download_files is
    'A video''s id has 1 to 200 characters.';
comment on constraint download_files_tries_is_not_negative_check
on media.download_files is
    'The count of tries is 0 or more.';
comment on constraint download_files_title_is_short_check on media.download_files is
    'A video''s title has at most 500 characters.';
comment on constraint download_files_path_is_the_owners_check on media.download_files is
    'A file''s path begins with its owner''s id and a slash, does not climb, and has at most 1000 characters, none of them a control character or a backslash.';
comment on constraint download_files_size_bytes_is_not_negative_check
on media.download_files is
    'A file''s size is 0 bytes to 1 PiB.';
comment on constraint download_files_error_message_is_short_check
on media.download_files is
    'What a failure of a file said has at most 1000 characters.';
comment on constraint download_files_is_whole_check on media.download_files is
    'A file that is kept, or was, has a path; one that failed has a class of failure, and no other has.';

-- Serves media.download_files.report: what the user has, or had removed, of any playlist.
create index download_files_user_id_video_id_idx
    on media.download_files (user_id, video_id)
    where state in ('kept', 'removed');

-- Serves media.downloads.list and get: whether anything of a download is missing.
create index download_files_missing_idx on media.download_files (user_id, job_id)
    where state in ('found', 'downloading', 'failed');

-- Serves media.download_files.list_by_download and report: the places of a download's files. Partial, so that nothing but a question
-- for places takes it: where nothing is known of the table yet, it looks as good as the key for one file.
create index download_files_placed_idx
    on media.download_files (user_id, job_id, position)
    where position > 0;

-- Serves media.download_files.list_kept and list_files.
create index download_files_kept_idx on media.download_files (user_id, id)
    where state = 'kept';

-- Serves ops.is_file_kept.
create index download_files_user_id_path_idx on media.download_files (user_id, path)
    where state = 'kept';

-- Serves media.clear_files: what its download left behind.
create index download_files_left_idx on media.download_files (user_id, id)
    where job_id is null
    and state not in ('kept', 'removed');

create function media.guard_file()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if media.may_become(old.state, new.state) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A file that is %s cannot become %s.', old.state, new.state);
end
$$;
comment on function media.guard_file() is
    'Trigger: a file changes only as media.transitions permits.';

create trigger download_files_guard
before update of state on media.download_files
for each row
when (old.state <> new.state)
execute function media.guard_file();

create or replace function ops.is_file_kept(owner uuid, uri text)
returns boolean
language sql
stable
return exists (
    select
    from media.download_files as f
    where f.user_id = owner and f.path = uri and f.state = 'kept'
);

-- Security definer: nobody but us writes what is to be removed.
create function media.note_removal()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Two downloads may keep one file: it goes with the last of them.
    if not ops.is_file_kept(old.user_id, old.path) then
        insert into ops.removals as r (user_id, uri, size_bytes, reason)
        values (
            old.user_id,
            old.path,
            coalesce(old.size_bytes, 0),
            case tg_op when 'UPDATE' then 'deleted' else 'erased' end
        )
        on conflict on constraint removals_user_id_uri_key do update
        set due_at = least(r.due_at, excluded.due_at);
    end if;
    return null;
end
$$;
comment on function media.note_removal() is
    'Trigger: whatever takes a kept file''s row away, the file is not orphaned.';

create trigger download_files_note_removal
after update of state on media.download_files
for each row
when (old.state = 'kept' and new.state <> 'kept')
execute function media.note_removal();
create trigger download_files_note_end
after delete on media.download_files
for each row
when (old.state = 'kept')
execute function media.note_removal();

alter table media.download_files enable row level security;
alter table media.download_files force row level security;

create policy download_files_owner on media.download_files
    to renderstore_owner
    using (true)
    with check (true);
create policy download_files_own on media.download_files
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy download_files_held on media.download_files
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = download_files.user_id and j.id = download_files.job_id
        )
    );
create policy download_files_read on media.download_files
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on media.download_files
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function media.clear_files(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    cleared bigint;
begin
    delete from media.download_files as f
    where (f.user_id, f.id) in (
        select late.user_id, late.id
        from media.download_files as late
        where late.job_id is null and late.state not in ('kept', 'removed')
        limit max_rows
        for update skip locked
    );
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function media.clear_files(bigint) is
    'How many rows were deleted of files that were never kept and whose download is cleared.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (410, 'files of downloads that are gone', 'media.clear_files', false);
