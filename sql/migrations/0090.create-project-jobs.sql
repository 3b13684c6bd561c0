-- Which jobs belong to a project, and which assets a job reads and makes. A job goes on without its project; a project goes without its
-- jobs. What a job that has not ended uses is neither deleted nor expired.
-- depends: 0089.create-presets

set local role renderstore_owner;

create type studio.asset_use as enum ('input', 'output');
comment on type studio.asset_use is
    'What a job does with an asset: input (reads it), output (made it).';

create table studio.project_jobs (
    user_id uuid not null,
    job_id uuid not null,
    project_id uuid not null,
    scene_id uuid,

    constraint project_jobs_pkey primary key (user_id, job_id),
    constraint project_jobs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint project_jobs_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint project_jobs_user_id_scene_id_fkey foreign key (user_id, scene_id)
        references studio.scenes (user_id, id) on delete cascade
);

comment on table studio.project_jobs is
    'One row a job of a project.';
comment on column studio.project_jobs.user_id is
    'The user who owns both.';
comment on column studio.project_jobs.job_id is
    'The job.';
comment on column studio.project_jobs.project_id is
    'The project.';
comment on column studio.project_jobs.scene_id is
    'The scene that the job is about; null for the whole project.';
comment on constraint project_jobs_pkey on studio.project_jobs is
    'This job already belongs to a project.';
comment on constraint project_jobs_user_id_job_id_fkey on studio.project_jobs is
    'There is no job with this id; still referenced: the job belongs to a project.';
comment on constraint project_jobs_user_id_project_id_fkey on studio.project_jobs is
    'There is no project with this id; still referenced: the project has jobs.';
comment on constraint project_jobs_user_id_scene_id_fkey on studio.project_jobs is
    'There is no scene with this id; still referenced: the scene has jobs.';

-- Serves studio.project_jobs.list, and project_jobs_user_id_project_id_fkey.
create index project_jobs_user_id_project_id_job_id_idx
    on studio.project_jobs (user_id, project_id, job_id);

-- Serves project_jobs_user_id_scene_id_fkey.
create index project_jobs_user_id_scene_id_idx
    on studio.project_jobs (user_id, scene_id);

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
create policy project_jobs_held on studio.project_jobs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = project_jobs.user_id and j.id = project_jobs.job_id
        )
    );
create policy project_jobs_read on studio.project_jobs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.project_jobs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create table studio.job_assets (
    user_id uuid not null,
    job_id uuid not null,
    asset_id uuid not null,
    use studio.asset_use not null,

    constraint job_assets_pkey primary key (user_id, job_id, asset_id, use),
    constraint job_assets_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint job_assets_user_id_asset_id_fkey foreign key (user_id, asset_id)
        references studio.assets (user_id, id) on delete cascade
);

comment on table studio.job_assets is
    'One row an asset that a job reads or made.';
comment on column studio.job_assets.user_id is
    'The user who owns both.';
comment on column studio.job_assets.job_id is
    'The job.';
comment on column studio.job_assets.asset_id is
    'The asset.';
comment on column studio.job_assets.use is
    'What the job does with it.';
comment on constraint job_assets_pkey on studio.job_assets is
    'The job already has this asset.';
comment on constraint job_assets_user_id_job_id_fkey on studio.job_assets is
    'There is no job with this id; still referenced: the job uses assets.';
comment on constraint job_assets_user_id_asset_id_fkey on studio.job_assets is
    'There is no asset with this id; still referenced: a job uses the asset.';

-- Serves studio.is_asset_used, and job_assets_user_id_asset_id_fkey.
create index job_assets_user_id_asset_id_idx
    on studio.job_assets (user_id, asset_id);

create or replace function studio.is_asset_used(owner uuid, asset uuid)
returns boolean
language sql
stable
return exists (
    select
    from studio.frames as f
    where f.user_id = owner and f.asset_id = asset
)
or exists (
    select
    from studio.job_assets as u
    join work.jobs as j on j.user_id = u.user_id and j.id = u.job_id
    where u.user_id = owner and u.asset_id = asset and j.completed_at is null
);

alter table studio.job_assets enable row level security;
alter table studio.job_assets force row level security;

create policy job_assets_owner on studio.job_assets
    to renderstore_owner
    using (true)
    with check (true);
create policy job_assets_own on studio.job_assets
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy job_assets_held on studio.job_assets
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = job_assets.user_id and j.id = job_assets.job_id
        )
    );
create policy job_assets_read on studio.job_assets
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.job_assets
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create policy assets_held on studio.assets
    for select
    to renderstore_worker
    using (
        exists (
            select
            from studio.job_assets as u
            where u.user_id = assets.user_id and u.asset_id = assets.id
        )
    );

grant select on studio.assets to renderstore_worker;
