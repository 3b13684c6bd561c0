-- Which assets a job reads and makes. What a job that has not ended uses is neither deleted nor expired.
-- depends: 0098.work-on-steps

set local role renderstore_owner;

create type studio.asset_use as enum ('input', 'output');
comment on type studio.asset_use is
    'What a job does with an asset: input (reads it), output (made it).';

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
