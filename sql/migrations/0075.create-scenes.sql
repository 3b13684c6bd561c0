-- The scenes of a project, in order. Positions are 1 to n without a gap; a deleted scene has none. The key of positions is
-- deferrable, so that one statement may move many; nobody writes a position by hand.
-- depends: 0074.keep-projects

set local role renderstore_owner;

create table studio.scenes (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid not null,
    position integer,
    status studio.scene_status not null default 'pending',
    narration text,
    image_prompt text,
    duration_ms bigint,
    config jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,

    constraint scenes_pkey primary key (user_id, id),
    constraint scenes_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint scenes_user_id_project_id_position_key
        unique (user_id, project_id, position) deferrable,
    constraint scenes_position_is_positive_check check (position >= 1),
    constraint scenes_is_placed_while_it_lives_check
        check ((position is null) = (deleted_at is not null)),
    constraint scenes_narration_is_short_check check (length(narration) <= 100000),
    constraint scenes_image_prompt_is_short_check check (length(image_prompt) <= 20000),
    constraint scenes_duration_ms_is_positive_check
        check (duration_ms between 1 and 86400000),
    constraint scenes_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null)
);

comment on table studio.scenes is
    'One row a scene of a project.';
comment on column studio.scenes.user_id is
    'The user who owns the project.';
comment on column studio.scenes.id is
    'The scene''s identifier, made by the database.';
comment on column studio.scenes.project_id is
    'The project.';
comment on column studio.scenes.position is
    'The scene''s place in its project, from 1; null for a deleted one.';
comment on column studio.scenes.status is
    'Where the scene stands; studio.transitions says what may follow.';
comment on column studio.scenes.narration is
    'What is spoken, up to 100000 characters; null where nothing is yet.';
comment on column studio.scenes.image_prompt is
    'What its image is made of, up to 20000 characters; null without one.';
comment on column studio.scenes.duration_ms is
    'How long the scene takes, in milliseconds; null where nobody knows.';
comment on column studio.scenes.config is
    'The scene''s settings, an object of the application''s own.';
comment on column studio.scenes.created_at is
    'When the scene was created.';
comment on column studio.scenes.updated_at is
    'When the row last changed.';
comment on column studio.scenes.deleted_at is
    'When the scene was deleted; null while it lives.';
comment on constraint scenes_pkey on studio.scenes is
    'There is already a scene with this id.';
comment on constraint scenes_user_id_project_id_fkey on studio.scenes is
    'There is no project with this id; still referenced: the project has scenes.';
comment on constraint scenes_user_id_project_id_position_key on studio.scenes is
    'The project already has a scene at this place.';
comment on constraint scenes_position_is_positive_check on studio.scenes is
    'A scene''s position is 1 or more.';
comment on constraint scenes_is_placed_while_it_lives_check on studio.scenes is
    'A living scene has a position, and a deleted one has none.';
comment on constraint scenes_narration_is_short_check on studio.scenes is
    'A narration has at most 100000 characters.';
comment on constraint scenes_image_prompt_is_short_check on studio.scenes is
    'A prompt has at most 20000 characters.';
comment on constraint scenes_duration_ms_is_positive_check on studio.scenes is
    'A scene takes 1 millisecond to a day.';
comment on constraint scenes_config_is_object_check on studio.scenes is
    'A scene''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

-- Serves studio.scenes.find_by_id: support knows a scene by its id alone.
create index scenes_id_idx on studio.scenes (id);

create trigger scenes_set_updated_at
before update on studio.scenes
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

create function studio.guard_scene()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if studio.may_become(old.status, new.status) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A %s scene cannot become %s.', old.status, new.status);
end
$$;
comment on function studio.guard_scene() is
    'Trigger: a scene changes only as studio.transitions permits.';

create trigger scenes_guard
before update of status on studio.scenes
for each row
when (old.status <> new.status)
execute function studio.guard_scene();

alter table studio.scenes enable row level security;
alter table studio.scenes force row level security;

create policy scenes_owner on studio.scenes
    to renderstore_owner
    using (true)
    with check (true);
create policy scenes_own on studio.scenes
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    )
    with check (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy scenes_every on studio.scenes
    to renderstore_admin
    using (true)
    with check (true);
create policy scenes_read on studio.scenes
    for select
    to renderstore_readonly
    using (true);

grant select on studio.scenes
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (status, narration, image_prompt, duration_ms, config)
on studio.scenes
to renderstore_app, renderstore_admin;
