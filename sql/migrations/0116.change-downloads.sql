-- What a user asks of a download's files: those that failed once more, those that were kept away again.
-- depends: 0115.work-on-downloads

set local role renderstore_owner;

create function media.retry_failed(
    id uuid,
    error_class text default null,
    user_id uuid default null,
    out status media.download_status,
    out files bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_to_charge(id, user_id);
    if job.kind <> 'download' or job.completed_at is null then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a download that has ended is tried again; this is a %s, and it is %s.',
                job.kind,
                job.status
            );
    end if;
    files := media.want_again(job.user_id, job.id, error_class);
    if error_class is null then
        -- What its worker left without a word.
        files := (
            select count(*)
            from media.download_files as f
            where f.user_id = job.user_id
                and f.job_id = job.id
                and f.state in ('found', 'downloading')
        );
    end if;
    if files = 0 then
        raise exception using
            errcode = 'RS005',
            message = case
                when error_class is null
                    then 'No file of this download is missing that is worth another try.'
                else format('No file of this download failed with %s.', error_class)
            end;
    end if;
    status := media.to_download(work.ask_again(job), true);
end
$$;
comment on function media.retry_failed(uuid, text, uuid) is
    'A download that has ended waits anew, for the files that failed with this class, or in any way that is worth another try. What is kept stays; says how many files are to be fetched.';

create function media.remove_files(ids uuid[], user_id uuid default null)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    removed bigint;
begin
    update media.download_files as f
    set state = 'removed'
    from (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = owner and c.id = any(ids) and c.state = 'kept'
        order by c.id
        for no key update skip locked
    ) as kept
    where f.user_id = kept.user_id and f.id = kept.id;
    get diagnostics removed = row_count;
    return removed;
end
$$;
comment on function media.remove_files(uuid[], uuid) is
    'Kept files are removed, on purpose: the janitor takes them away, and no download fetches their videos again. Says how many.';

create function media.forget_removed(video_ids text[], user_id uuid default null)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    forgotten bigint;
begin
    delete from media.download_files as f
    where (f.user_id, f.id) in (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = owner
            and c.video_id = any(video_ids)
            and c.state = 'removed'
        for update skip locked
    );
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;
comment on function media.forget_removed(text[], uuid) is
    'Videos that were removed on purpose may be fetched again. Says how many files that were.';

create function media.mark_missing(user_id uuid, id uuid)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    perform identity.check_here(user_id);
    update media.download_files as f
    set
        state = 'failed',
        path = null,
        size_bytes = null,
        kept_at = null,
        error_class = 'storage',
        error_message = 'Its file is gone from disk.'
    from (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = user_id and c.id = id and c.state = 'kept'
        for no key update skip locked
    ) as kept
    where f.user_id = kept.user_id and f.id = kept.id;
    return found;
end
$$;
comment on function media.mark_missing(uuid, uuid) is
    'A kept file is gone from disk: it failed, and media.retry_failed has it fetched anew. Says whether it was kept.';

grant execute on function media.mark_missing(uuid, uuid) to renderstore_admin;
grant execute on function
    media.retry_failed(uuid, text, uuid),
    media.remove_files(uuid[], uuid),
    media.forget_removed(text[], uuid)
to renderstore_app, renderstore_admin;
