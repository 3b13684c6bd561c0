-- Brings a story-to-video machine's Prisma database here. That system published its tables' names and no columns, so this is a map to
-- edit: what is written "camelCase" below is a guess at your columns; the rest is ours.
--
-- 1. Copy its tables into a schema `story` of this database, for example:
--      pg_dump --schema=public --no-owner --no-acl OLD_URL | sed 's/\bpublic\./story./g; s/SCHEMA public/SCHEMA story/' | psql NEW_URL
-- 2. Edit this file until it runs:  psql --set ON_ERROR_STOP=1 --file story-to-video.sql NEW_URL
--    as the migrating login. It is one transaction: what fails leaves nothing. Run again, it brings what is new.
-- 3. Copy the files that the last statement lists, and drop the schema `story`.
begin;
set local role renderstore_owner;
set local timezone = 'UTC';
select set_config('renderstore.actor', 'dba:story-to-video', true) as actor;

-- Users: whoever is here already with this address stays as is.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'users',
        old.id,
        'identity.users',
        coalesce(known.id, ops.imported_id(old."createdAt", old.id))::text
    from story.users as old
    left join identity.users as known
        on known.email = lower(old.email) and known.status in ('active', 'suspended')
    on conflict do nothing
    returning old_id, row_key::uuid as id
)

insert into identity.users (
    id,
    plan_id,
    role,
    email,
    name,
    image,
    email_verified_at,
    created_at
)
select
    came.id,
    case when old."isPremium" then 'premium' else 'free' end,
    case old.role when 'ADMIN' then 'admin'::identity.user_role else 'user' end,
    lower(old.email),
    nullif(left(old.name, 200), ''),
    nullif(old.image, ''),
    old."emailVerified",
    old."createdAt"
from came
join story.users as old on old.id = came.old_id
where not exists (
    select
    from identity.users as known
    where known.id = came.id
);

-- Auth.js's accounts and sessions: who is signed in stays so.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'accounts',
        old.id,
        'identity.accounts',
        ops.imported_id(u.created_at, old.id)::text
    from story.accounts as old
    join identity.users as u on u.id = ops.imported_user('story-to-video', old."userId")
    on conflict do nothing
    returning old_id, row_key::uuid as id
),

made as (
    insert into identity.accounts (
        id,
        user_id,
        type,
        provider,
        provider_account_id,
        token_type,
        scope,
        expires_at_s
    )
    select
        came.id,
        ops.imported_user('story-to-video', old."userId"),
        old.type,
        old.provider,
        old."providerAccountId",
        old.token_type,
        old.scope,
        old.expires_at
    from came
    join story.accounts as old on old.id = came.old_id
)

insert into identity.account_secrets (
    account_id,
    access_token,
    refresh_token,
    id_token,
    session_state
)
select
    came.id,
    old.access_token,
    old.refresh_token,
    old.id_token,
    old.session_state
from came
join story.accounts as old on old.id = came.old_id;

with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'sessions',
        old.id,
        'identity.web_sessions',
        ops.imported_id(u.created_at, old.id)::text
    from story.sessions as old
    join identity.users as u on u.id = ops.imported_user('story-to-video', old."userId")
    on conflict do nothing
    returning old_id, row_key::uuid as id
)

insert into identity.web_sessions (id, user_id, session_token, created_at, expires_at)
select
    came.id,
    u.id,
    old."sessionToken",
    u.created_at,
    old.expires
from came
join story.sessions as old on old.id = came.old_id
join identity.users as u on u.id = ops.imported_user('story-to-video', old."userId");

-- Projects: a soft-deleted one comes as deleted, with 30 days to restore it.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'projects',
        old.id,
        'studio.projects',
        ops.imported_id(old."createdAt", old.id)::text
    from story.projects as old
    where ops.imported_user('story-to-video', old."userId") is not null
    on conflict do nothing
    returning old_id, row_key::uuid as id
),

counted as (
    insert into studio.usages as u (user_id, is_farms, living_projects)
    select
        ops.imported_user('story-to-video', old."userId"),
        true,
        count(*)
    from came
    join story.projects as old on old.id = came.old_id
    where old."deletedAt" is null
    group by old."userId"
    on conflict on constraint usages_pkey do update
    set living_projects = u.living_projects + excluded.living_projects
)

insert into studio.projects (
    user_id,
    id,
    status,
    title,
    source_text,
    config,
    created_at,
    updated_at,
    deleted_at,
    purge_at
)
select
    ops.imported_user('story-to-video', old."userId"),
    came.id,
    case old.status
        when 'PROCESSING' then 'draft'::studio.project_status
        when 'COMPLETED' then 'completed'
        when 'FAILED' then 'failed'
        when 'ARCHIVED' then 'archived'
        else 'draft'
    end,
    coalesce(nullif(left(old.title, 200), ''), 'Untitled'),
    left(old."sourceText", 500000),
    coalesce(old.config, '{}'),
    old."createdAt",
    old."updatedAt",
    old."deletedAt",
    case when old."deletedAt" is not null then now() + interval '30 days' end
from came
join story.projects as old on old.id = came.old_id;

-- Scenes, in their order, counted from 1.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'scenes',
        old.id,
        'studio.scenes',
        ops.imported_id(old."createdAt", old.id)::text
    from story.scenes as old
    join ops.imported as p
        on p.kind = 'story-to-video'
        and p.source = 'projects'
        and p.old_id = old."projectId"
    on conflict do nothing
    returning old_id, row_key::uuid as id
)

insert into studio.scenes (
    user_id,
    id,
    project_id,
    position,
    status,
    narration,
    image_prompt,
    duration_ms,
    created_at,
    updated_at
)
select
    p.user_id,
    came.id,
    p.id,
    row_number() over (partition by p.id order by old."order", old.id),
    case old.status
        when 'COMPLETED' then 'completed'::studio.scene_status
        when 'FAILED' then 'failed'
        else 'pending'
    end,
    old.narration,
    old."imagePrompt",
    nullif(round(old.duration * 1000), 0),
    old."createdAt",
    old."updatedAt"
from came
join story.scenes as old on old.id = came.old_id
join ops.imported as i
    on i.kind = 'story-to-video'
    and i.source = 'projects'
    and i.old_id = old."projectId"
join studio.projects as p on p.id = i.row_key::uuid;

-- Assets: their files are copied by you, to the names that the last statement lists.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'assets',
        old.id,
        'studio.assets',
        ops.imported_id(old."createdAt", old.id)::text
    from story.assets as old
    where ops.imported_user('story-to-video', old."userId") is not null
    on conflict do nothing
    returning old_id, row_key::uuid as id
),

counted as (
    insert into studio.usages as u (user_id, is_farms, stored_bytes)
    select
        ops.imported_user('story-to-video', old."userId"),
        true,
        sum(old.size)
    from came
    join story.assets as old on old.id = came.old_id
    group by old."userId"
    on conflict on constraint usages_pkey do update
    set stored_bytes = u.stored_bytes + excluded.stored_bytes
)

insert into studio.assets (
    user_id,
    id,
    project_id,
    kind,
    state,
    uri,
    name,
    size_bytes,
    media_type,
    created_at,
    kept_at,
    expires_at,
    sweep_at
)
select
    ops.imported_user('story-to-video', old."userId"),
    came.id,
    i.row_key::uuid,
    case old.type
        when 'IMAGE' then 'image'::studio.asset_kind
        when 'AUDIO' then 'audio'
        when 'VIDEO' then 'video'
        when 'SUBTITLE' then 'subtitles'
        else 'other'
    end,
    'kept',
    ops.imported_user('story-to-video', old."userId")
    || '/story/'
    || came.id
    || coalesce(lower(substring(old.url from '[.][A-Za-z0-9]{1,8}$')), ''),
    nullif(left(old.name, 255), ''),
    old.size,
    lower(old."mimeType"),
    old."createdAt",
    old."createdAt",
    old."expiresAt",
    old."expiresAt"
from came
join story.assets as old on old.id = came.old_id
left join ops.imported as i
    on i.kind = 'story-to-video'
    and i.source = 'projects'
    and i.old_id = old."projectId";

-- Presets of users; those of everybody are studio.standard_presets, a migration's.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'presets',
        old.id,
        'studio.presets',
        ops.imported_id(old."createdAt", old.id)::text
    from story.presets as old
    where ops.imported_user('story-to-video', old."userId") is not null
    on conflict do nothing
    returning old_id, row_key::uuid as id
)

insert into studio.presets (user_id, id, kind, name, settings, created_at)
select
    ops.imported_user('story-to-video', old."userId"),
    came.id,
    lower(old.type)::studio.preset_kind,
    left(old.name, 100),
    coalesce(old.settings, '{}'),
    old."createdAt"
from came
join story.presets as old on old.id = came.old_id;

-- Jobs are steps of a project here. What has ended comes with the event of its end, what waits or runs enters the line.
with came as (
    insert into ops.imported (kind, source, old_id, table_name, row_key)
    select
        'story-to-video',
        'jobs',
        old.id,
        'work.jobs',
        ops.imported_id(old."createdAt", old.id)::text
    from story.jobs as old
    join ops.imported as p
        on p.kind = 'story-to-video'
        and p.source = 'projects'
        and p.old_id = old."projectId"
    on conflict do nothing
    returning old_id, row_key as id
)

select
    work.import_jobs(
        'step',
        jsonb_agg(
            jsonb_build_object(
                'user_id', p.user_id,
                'id', came.id,
                'status', case
                    when old.status in ('COMPLETED', 'FAILED', 'CANCELLED')
                        then lower(old.status)
                    else 'queued'
                end,
                'priority', least(greatest(old.priority, 0), 10),
                'progress', case
                    when old.status in ('COMPLETED', 'FAILED', 'CANCELLED')
                        then least(greatest(old.progress, 0), 100)
                    else 0
                end,
                'was_run', old.status in ('COMPLETED', 'FAILED'),
                'queued_at', old."createdAt",
                'started_at', case
                    when old.status in ('COMPLETED', 'FAILED', 'CANCELLED')
                        then old."startedAt"
                end,
                'completed_at', case
                    when old.status in ('COMPLETED', 'FAILED', 'CANCELLED')
                        then coalesce(old."completedAt", old."updatedAt")
                end,
                'error_message', left(old.error, 10000)
            )
        )
    ) as jobs
from came
join story.jobs as old on old.id = came.old_id
join ops.imported as i
    on i.kind = 'story-to-video'
    and i.source = 'projects'
    and i.old_id = old."projectId"
join studio.projects as p on p.id = i.row_key::uuid
having count(*) > 0;

insert into studio.step_specs (user_id, job_id, project_id, step, config)
select
    j.user_id,
    j.id,
    p.id,
    case
        when old.type in ('SCRIPT', 'IMAGE', 'VOICE', 'SUBTITLES', 'VIDEO')
            then lower(old.type)::studio.step_kind
        else 'other'
    end,
    coalesce(old.config, '{}')
from story.jobs as old
join ops.imported as i
    on i.kind = 'story-to-video' and i.source = 'jobs' and i.old_id = old.id
join work.jobs as j on j.id = i.row_key::uuid
join ops.imported as ip
    on ip.kind = 'story-to-video'
    and ip.source = 'projects'
    and ip.old_id = old."projectId"
join studio.projects as p on p.user_id = j.user_id and p.id = ip.row_key::uuid
on conflict do nothing;

insert into studio.project_jobs (user_id, job_id, project_id)
select s.user_id, s.job_id, s.project_id
from studio.step_specs as s
join ops.imported as i
    on i.kind = 'story-to-video'
    and i.source = 'jobs'
    and i.row_key = s.job_id::text
where s.project_id is not null
on conflict do nothing;

-- What could not come, whole: whatever is there and has no row in ops.imported.
insert into ops.import_refusals (kind, source, old_id, reason, old_row)
select
    'story-to-video',
    lost.source,
    lost.old_row ->> 'id',
    'What it belongs to did not come.',
    ops.without_secrets(lost.old_row)
from (
    select 'accounts' as source, to_jsonb(old) as old_row from story.accounts as old
    union all
    select 'sessions', to_jsonb(old) from story.sessions as old
    union all
    select 'projects', to_jsonb(old) from story.projects as old
    union all
    select 'scenes', to_jsonb(old) from story.scenes as old
    union all
    select 'assets', to_jsonb(old) from story.assets as old
    union all
    select 'presets', to_jsonb(old) from story.presets as old
    union all
    select 'jobs', to_jsonb(old) from story.jobs as old
) as lost
where not exists (
    select
    from ops.imported as i
    where i.kind = 'story-to-video'
        and i.source = lost.source
        and i.old_id = lost.old_row ->> 'id'
)
on conflict do nothing;

-- The files to copy: from where they are to where they are looked for, under the root of your files.
select old.url as copy_from, a.uri as copy_to
from story.assets as old
join ops.imported as i
    on i.kind = 'story-to-video' and i.source = 'assets' and i.old_id = old.id
join studio.assets as a on a.id = i.row_key::uuid
order by a.uri;

commit;
