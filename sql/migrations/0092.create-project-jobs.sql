-- Which project a job works for, whatever its kind. The project goes, and the job stays.
-- depends: 0091.change-presets

set local role renderstore_owner;

create table studio.project_jobs (
    user_id uuid not null,
    job_id uuid not null,
    project_id uuid not null,
    linked_at timestamptz not null default now(),

    constraint project_jobs_pkey primary key (user_id, job_id),
    constraint project_jobs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint project_jobs_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade
);

comment on table studio.project_jobs is
    'One row a job that works for a project. It goes with either of them.';
comment on column studio.project_jobs.user_id is
    'The user who owns both.';
comment on column studio.project_jobs.job_id is
    'The job.';
comment on column studio.project_jobs.project_id is
    'The project.';
comment on column studio.project_jobs.linked_at is
    'When the job was linked.';
comment on constraint project_jobs_pkey on studio.project_jobs is
    'This job already works for a project.';
comment on constraint project_jobs_user_id_job_id_fkey on studio.project_jobs is
    'There is no job with this id; still referenced: the job works for a project.';
comment on constraint project_jobs_user_id_project_id_fkey on studio.project_jobs is
    'There is no project with this id; still referenced: jobs work for the project.';

-- Serves studio.project_jobs.list, cancel_all and the cascade.
create index project_jobs_user_id_project_id_job_id_idx
    on studio.project_jobs (user_id, project_id, job_id);

alter table studio.project_jobs enable row level security;
alter table studio.project_jobs force row level security;

create policy project_jobs_owner on studio.project_jobs
    to renderstore_owner
    using (true)
    with check (true);
create policy project_jobs_own on studio.project_jobs
    for select
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy project_jobs_read on studio.project_jobs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.project_jobs
    to renderstore_app, renderstore_admin, renderstore_readonly;

-- The owner takes no lock but those of the foreign keys, which nothing of the studio but a purge waits for: so whoever has submitted
-- jobs before may link them. An administrator looks first whether the project is free.
create function studio.enter_project(owner uuid, project_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if work.is_stranger(owner) then
        perform studio.lock_project(owner, project_id);
    end if;
end
$$;
comment on function studio.enter_project(uuid, uuid) is
    'Before jobs are linked to a project: an administrator does not wait in their foreign keys for a row that the owner holds.';

create function studio.check_project_lives(owner uuid, project_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id and p.deleted_at is not null;
    if found then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
end
$$;
comment on function studio.check_project_lives(uuid, uuid) is
    'After jobs were linked to a project: refuses a deleted one.';

create function studio.link_jobs(
    project_id uuid,
    job_ids uuid[],
    user_id uuid default null
)
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
    asked constant work.batch_size := coalesce(cardinality(job_ids), 0);
    linked bigint;
begin
    if asked = 0 then
        return 0;
    end if;
    perform studio.enter_project(owner, project_id);
    insert into studio.project_jobs (user_id, job_id, project_id)
    select distinct owner, listed.id, project_id
    from unnest(job_ids) as listed (id)
    order by listed.id
    on conflict on constraint project_jobs_pkey do nothing;
    get diagnostics linked = row_count;
    perform
    from studio.project_jobs as l
    where l.user_id = owner and l.job_id = any(job_ids) and l.project_id <> project_id;
    if found then
        raise unique_violation using
            schema = 'studio',
            table = 'project_jobs',
            constraint = 'project_jobs_pkey',
            message = 'A job works for one project: this one works for another.';
    end if;
    perform studio.check_project_lives(owner, project_id);
    return linked;
end
$$;
comment on function studio.link_jobs(uuid, uuid[], uuid) is
    'These jobs work for this project; says how many did not before. One that works for another project is refused.';

create function studio.unlink_jobs(
    project_id uuid,
    job_ids uuid[],
    user_id uuid default null
)
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
    unlinked bigint;
begin
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = any(job_ids) and j.kind = 'step';
    if found then
        raise exception using
            errcode = 'RS005',
            message = 'A step stays with the project that it was submitted for.';
    end if;
    delete from studio.project_jobs as l
    where l.user_id = owner and l.project_id = project_id and l.job_id = any(job_ids);
    get diagnostics unlinked = row_count;
    return unlinked;
end
$$;
comment on function studio.unlink_jobs(uuid, uuid[], uuid) is
    'These jobs work for this project no more; says how many did.';

grant execute on function
    studio.link_jobs(uuid, uuid[], uuid),
    studio.unlink_jobs(uuid, uuid[], uuid)
to renderstore_app, renderstore_admin;
