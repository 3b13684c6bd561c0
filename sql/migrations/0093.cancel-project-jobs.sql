-- The jobs of a project end together: when somebody asks for it, and when the project is deleted.
-- depends: 0092.create-project-jobs

set local role renderstore_owner;

create function studio.cancel_jobs(
    project_id uuid,
    reason text default null,
    user_id uuid default null,
    out cancelled bigint,
    out asked bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    job work.jobs;
    job_id uuid;
    waiting_ids uuid[] := '{}';
    held_ids uuid[] := '{}';
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no project with this id.';
    end if;
    for job_id in
        select l.job_id
        from studio.project_jobs as l
        join work.jobs as j on j.user_id = l.user_id and j.id = l.job_id
        where l.user_id = owner and l.project_id = project_id and j.completed_at is null
        order by l.job_id
    loop
        job := work.lock_job(owner, job_id);
        if job.status in ('pending', 'queued') then
            waiting_ids := waiting_ids || job_id;
        elsif job.completed_at is null then
            held_ids := held_ids || job_id;
        end if;
        perform work.note_cancel(job);
    end loop;
    perform work.cancel_waiting(
        array_fill(owner, array[cardinality(waiting_ids)]),
        waiting_ids,
        reason,
        work.is_stranger(owner)
    );
    update work.jobs as j
    set
        cancel_requested_at = coalesce(j.cancel_requested_at, now()),
        cancel_reason = coalesce(reason, j.cancel_reason)
    where j.user_id = owner and j.id = any(held_ids);
    cancelled := cardinality(waiting_ids);
    asked := cardinality(held_ids);
end
$$;
comment on function studio.cancel_jobs(uuid, text, uuid) is
    'Cancels all jobs of a project: what waits at once, what runs when its worker stops. Says how many of each.';

create or replace function studio.end_jobs(owner uuid, project_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    reason constant text := 'Its project was deleted.';
    ids uuid[];
begin
    -- However many there are, a deletion takes a moment: the sweep ends the others.
    select array_agg(j.id) into ids
    from (
        select k.id
        from studio.project_jobs as l
        join work.jobs as k on k.user_id = l.user_id and k.id = l.job_id
        where l.user_id = owner
            and l.project_id = project_id
            and k.completed_at is null
            and k.cancel_requested_at is null
        order by l.job_id
        limit 1000
        for no key update of k skip locked
    ) as j;
    if ids is null then
        return;
    end if;
    perform work.cancel_waiting(
        array_fill(owner, array[cardinality(ids)]),
        ids,
        reason,
        work.is_stranger(owner)
    );
    update work.jobs as j
    set
        cancel_requested_at = now(),
        cancel_reason = coalesce(j.cancel_reason, reason)
    where j.user_id = owner
        and j.id = any(ids)
        and j.status in ('running', 'validating')
        and j.cancel_requested_at is null;
end
$$;

-- Serves the sweep: projects that were deleted just now. The room is new, so the table is small.
-- squawk-ignore require-concurrent-index-creation
create index projects_deleted_at_idx on studio.projects (deleted_at)
    where deleted_at is not null;

create function studio.end_late_jobs(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    late record;
begin
    -- A job that was linked while the project was deleted, by a transaction that saw it alive, that somebody held at that moment, or that
    -- was one of too many.
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into late
    from (
        select k.user_id, k.id
        from studio.projects as p
        join studio.project_jobs as l on l.user_id = p.user_id and l.project_id = p.id
        join work.jobs as k on k.user_id = l.user_id and k.id = l.job_id
        where p.deleted_at > now() - interval '1 day'
            and k.completed_at is null
            and k.cancel_requested_at is null
        limit max_rows
        for no key update of p, k skip locked
    ) as j;
    if late.ids is not null then
        perform work.ask_to_cancel(late.users, late.ids, 'Its project was deleted.');
    end if;
    return coalesce(cardinality(late.ids), 0);
end
$$;
comment on function studio.end_late_jobs(bigint) is
    'How many jobs were cancelled, or asked to stop, whose project was deleted within a day and that its deletion had passed over.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (290, 'jobs of deleted projects', 'studio.end_late_jobs', false);

grant execute on function studio.cancel_jobs(uuid, text, uuid)
to renderstore_app, renderstore_admin;
