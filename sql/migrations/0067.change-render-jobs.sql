-- What changes of a render job beside its life: the names that people gave it, and the files that it made.
-- depends: 0066.create-bulk-submit

set local role renderstore_owner;

create function render.set_names(
    id uuid,
    project_name text,
    output_name text,
    user_id uuid default null
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
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    update render.specs as s
    set
        project_name = project_name,
        output_name = output_name
    where s.user_id = job.user_id and s.job_id = job.id;
end
$$;
comment on function render.set_names(uuid, text, text, uuid) is
    'Gives a render job''s project and output other names; null for none.';

-- Security definer: by the policies, what a claim hands out is the worker's only for the next statement. The settings: see
-- work.claim.
create function render.claim(
    max_jobs bigint default 1,
    lease interval default '60 seconds'
)
returns table (
    user_id uuid,
    id uuid,
    attempt integer,
    lease_expires_at timestamptz,
    project_name text,
    output_name text,
    project_path text,
    template_path text,
    data_path text,
    output_path text,
    frame_start integer,
    frame_end integer,
    frame_step integer,
    nexrender_job_id text,
    nexrender_config jsonb
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
        s.project_name::text,
        s.output_name::text,
        s.project_path::text,
        s.template_path::text,
        s.data_path::text,
        s.output_path::text,
        s.frame_start,
        s.frame_end,
        s.frame_step,
        s.nexrender_job_id::text,
        s.nexrender_config::jsonb
    from work.claim(max_jobs, '{render}', lease) as claimed
    join render.specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;
comment on function render.claim(bigint, interval) is
    'Takes up to this many render jobs for the acting worker, as work.claim does, and gives with each what it is to do.';

create function render.finish(
    user_id uuid,
    id uuid,
    attempt integer,
    paths text[] default '{}',
    sizes_bytes bigint[] default '{}',
    media_types text[] default '{}'
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
declare
    me constant text := work.acting_worker();
begin
    if paths <> '{}' then
        -- A file's foreign key would wait for whoever is deleting the job.
        perform
        from work.jobs as j
        where j.user_id = user_id and j.id = id and j.held_by = me
        for key share skip locked;
        if found then
            insert into render.outputs (
                user_id,
                job_id,
                attempt,
                path,
                size_bytes,
                media_type
            )
            select
                j.user_id,
                j.id,
                j.attempt,
                made.path,
                made.size_bytes,
                made.media_type
            from work.jobs as j
            cross join unnest(paths, sizes_bytes, media_types)
                as made (path, size_bytes, media_type)
            where j.user_id = user_id
                and j.id = id
                and j.attempt = attempt
                and j.status = 'running'
                and j.held_by = me;
        else
            perform
            from work.jobs as j
            where j.user_id = user_id and j.id = id and j.held_by = me;
            if found then
                raise lock_not_available using
                    message = 'Somebody is deleting this job at this moment; report again.';
            end if;
        end if;
    end if;
    -- It refuses whoever does not hold the job, and with it the files.
    perform work.finish(user_id, id, attempt);
end
$$;
comment on function render.finish(uuid, uuid, integer, text[], bigint[], text[]) is
    'Completes a render job and keeps the files that it made. Refused without the current lease.';

-- A job of any kind keeps its specification: it goes with the job only, and never to another one.
create function work.keep_spec()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from work.jobs as j
    where j.user_id = old.user_id and j.id = old.job_id;
    if not found then
        return old;
    end if;
    raise exception using
        errcode = 'RS009',
        message = 'A job needs its specification; delete the job, and it goes too.';
end
$$;
comment on function work.keep_spec() is
    'Trigger: a specification goes only with its job.';

create trigger specs_keep
before delete on render.specs
for each row
execute function work.keep_spec();

grant execute on function render.set_names(uuid, text, text, uuid)
    to renderstore_app, renderstore_admin;
grant execute on function
    render.claim(bigint, interval),
    render.finish(uuid, uuid, integer, text[], bigint[], text[])
to renderstore_worker;
