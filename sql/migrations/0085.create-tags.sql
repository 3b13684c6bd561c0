-- What a stretch of an animation is: idle, walk, attack. Tags may overlap. A tag that says how it plays is needed to play it right.
-- depends: 0084.create-frames

set local role renderstore_owner;

create table studio.tags (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid not null,
    animation_id uuid not null,
    name text not null,
    first_position integer not null,
    last_position integer not null,
    playback studio.playback not null default 'forward',
    repeats integer,

    constraint tags_pkey primary key (user_id, id),
    constraint tags_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint tags_user_id_animation_id_fkey foreign key (user_id, animation_id)
        references studio.animations (user_id, id) on delete cascade,
    constraint tags_name_is_short_check check (length(name) between 1 and 200),
    constraint tags_is_a_stretch_check
        check (1 <= first_position and first_position <= last_position),
    constraint tags_repeats_is_1_to_65535_check check (repeats between 1 and 65535)
);

comment on table studio.tags is
    'One row a tag of an animation: a stretch of frames.';
comment on column studio.tags.user_id is
    'The user who owns the project.';
comment on column studio.tags.id is
    'The tag''s identifier, made by the database.';
comment on column studio.tags.project_id is
    'The project, as the animation has it.';
comment on column studio.tags.animation_id is
    'The animation.';
comment on column studio.tags.name is
    'What the stretch is called, 1 to 200 characters.';
comment on column studio.tags.first_position is
    'The position of its first frame.';
comment on column studio.tags.last_position is
    'The position of its last frame, included.';
comment on column studio.tags.playback is
    'In which direction the stretch plays.';
comment on column studio.tags.repeats is
    'How often the stretch plays, 1 to 65535; null for ever.';
comment on constraint tags_pkey on studio.tags is
    'There is already a tag with this id.';
comment on constraint tags_user_id_project_id_fkey on studio.tags is
    'There is no project with this id; still referenced: the project has tags.';
comment on constraint tags_user_id_animation_id_fkey on studio.tags is
    'There is no animation with this id; still referenced: the animation has tags.';
comment on constraint tags_name_is_short_check on studio.tags is
    'A tag''s name has 1 to 200 characters.';
comment on constraint tags_is_a_stretch_check on studio.tags is
    'A tag leads from a frame to the same or a later one.';
comment on constraint tags_repeats_is_1_to_65535_check on studio.tags is
    'A tag plays 1 to 65535 times, or for ever.';

-- Serves studio.tags.list, and tags_user_id_animation_id_fkey.
create index tags_user_id_animation_id_first_position_idx
    on studio.tags (user_id, animation_id, first_position);

-- Serves tags_user_id_project_id_fkey and the purge.
create index tags_user_id_project_id_idx on studio.tags (user_id, project_id);

alter table studio.tags enable row level security;
alter table studio.tags force row level security;

create policy tags_owner on studio.tags
    to renderstore_owner
    using (true)
    with check (true);
create policy tags_own on studio.tags
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    )
    with check (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy tags_every on studio.tags
    to renderstore_admin
    using (true)
    with check (true);
create policy tags_read on studio.tags
    for select
    to renderstore_readonly
    using (true);

grant select on studio.tags
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (name, playback, repeats)
on studio.tags
to renderstore_app, renderstore_admin;
