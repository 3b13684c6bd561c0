-- A user's own jobs by status, in the order of an index, and what a worker holds. Behind a policy the planner may not look for an
-- enum in an index, so functions ask, for whoever may know.
-- depends: 0067.change-render-jobs

set local role renderstore_owner;

create function work.list_own_jobs(
    status work.job_status default null,
    kind work.job_kind default null,
    before_id uuid default null,
    page_size bigint default 50
)
returns setof work.jobs
language plpgsql
stable
security definer
rows 50
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := identity.current_user_id();
    before constant uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    if status is null then
        return query
        select j.*
        from work.jobs as j
        where j.user_id = owner
            and j.id < before
            and (kind is null or j.kind = kind)
        order by j.id desc
        limit page_size::work.batch_size;
    else
        -- By status too: behind a policy the planner does not see that all have one.
        return query
        select j.*
        from work.jobs as j
        where j.user_id = owner
            and j.status = status
            and j.id < before
            and (kind is null or j.kind = kind)
        order by j.status desc, j.id desc
        limit page_size::work.batch_size;
    end if;
end
$$;
comment on function work.list_own_jobs(work.job_status, work.job_kind, uuid, bigint) is
    'A page of the bound user''s jobs, newest first, before the one with this id; of one status and one kind where they are named.';

create function work.list_held_jobs(worker text)
returns setof work.jobs
language plpgsql
stable
security definer
rows 10
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    if current_setting('role') in ('renderstore_admin', 'renderstore_readonly')
        or worker = work.acting_worker()
    then
        return query
        select j.*
        from work.jobs as j
        where j.status in ('running', 'validating') and j.held_by = worker
        order by j.user_id, j.id;
    end if;
end
$$;
comment on function work.list_held_jobs(text) is
    'The jobs that a worker holds: a worker sees its own, whoever sees every row anybody''s.';

grant execute on function
    work.list_own_jobs(work.job_status, work.job_kind, uuid, bigint)
to renderstore_app, renderstore_admin;
grant execute on function work.list_held_jobs(text)
to renderstore_worker, renderstore_admin, renderstore_readonly;
