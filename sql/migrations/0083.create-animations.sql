-- What a character does, frame by frame. Its project is its character's: a guard writes it. Plain rows, as characters are.
-- depends: 0082.create-characters

set local role renderstore_owner;

create type studio.playback as enum (
    'forward',
    'reverse',
    'ping_pong',
    'ping_pong_reverse'
);
comment on type studio.playback is
    'In which direction frames play: forward, reverse, ping_pong (there and back), ping_pong_reverse (back and there).';

create table studio.animations (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid not null,
    character_id uuid not null,
    name text not null,
    frames_per_second smallint not null default 12,
    playback studio.playback not null default 'forward',
    repeats integer,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at ops.moment,

    constraint animations_pkey primary key (user_id, id),
    constraint animations_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint animations_user_id_character_id_fkey foreign key (user_id, character_id)
        references studio.characters (user_id, id) on delete cascade,
    constraint animations_name_is_short_check check (length(name) between 1 and 200),
    constraint animations_frames_per_second_is_1_to_1000_check
        check (frames_per_second between 1 and 1000),
    constraint animations_repeats_is_1_to_65535_check
        check (repeats between 1 and 65535)
);

comment on table studio.animations is
    'One row an animation of a character.';
comment on column studio.animations.user_id is
    'The user who owns the project.';
comment on column studio.animations.id is
    'The animation''s identifier, made by the database.';
comment on column studio.animations.project_id is
    'The project, as the character has it; the database writes it.';
comment on column studio.animations.character_id is
    'The character.';
comment on column studio.animations.name is
    'What the animation is called, 1 to 200 characters, unique among the character''s living ones.';
comment on column studio.animations.frames_per_second is
    'How fast frames play whose duration nobody says, 1 to 1000.';
comment on column studio.animations.playback is
    'In which direction the frames play.';
comment on column studio.animations.repeats is
    'How often the animation plays, 1 to 65535; null for ever.';
comment on column studio.animations.created_at is
    'When the animation was created.';
comment on column studio.animations.updated_at is
    'When the row last changed.';
comment on column studio.animations.deleted_at is
    'When the animation was deleted; null while it lives.';
comment on constraint animations_pkey on studio.animations is
    'There is already an animation with this id.';
comment on constraint animations_user_id_project_id_fkey on studio.animations is
    'There is no project with this id; still referenced: the project has animations.';
comment on constraint animations_user_id_character_id_fkey on studio.animations is
    'There is no character with this id; still referenced: the character has animations.';
comment on constraint animations_name_is_short_check on studio.animations is
    'An animation''s name has 1 to 200 characters.';
comment on constraint animations_frames_per_second_is_1_to_1000_check
on studio.animations is
    'An animation plays 1 to 1000 frames a second.';
comment on constraint animations_repeats_is_1_to_65535_check on studio.animations is
    'An animation plays 1 to 65535 times, or for ever.';

create unique index animations_user_id_character_id_name_key
    on studio.animations (user_id, character_id, name)
    where deleted_at is null;
comment on index studio.animations_user_id_character_id_name_key is
    'The character already has an animation with this name.';

-- Serves animations_user_id_character_id_fkey.
create index animations_user_id_character_id_idx
    on studio.animations (user_id, character_id);

-- Serves animations_user_id_project_id_fkey and the purge.
create index animations_user_id_project_id_idx
    on studio.animations (user_id, project_id);

create trigger animations_set_updated_at
before update on studio.animations
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

-- Security definer: as studio.refuse_deleted_project.
create function studio.follow_character()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    deleted_at timestamptz;
begin
    -- The policy refuses a row for somebody else, and nothing is told of that user; a missing value says so itself.
    if current_setting('role') = 'renderstore_app'
        and new.user_id is distinct from identity.current_user_id()
        or num_nulls(new.user_id, new.character_id) > 0
    then
        new.project_id = '00000000-0000-0000-0000-000000000000';
        return new;
    end if;
    select c.project_id, c.deleted_at into new.project_id, deleted_at
    from studio.characters as c
    where c.user_id = new.user_id and c.id = new.character_id;
    if new.project_id is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no character with this id.';
    elsif deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This character was deleted; restore it first.';
    end if;
    return new;
end
$$;
comment on function studio.follow_character() is
    'Trigger: an animation belongs to its character''s project; a deleted character gets none.';

create trigger animations_follow_character
before insert on studio.animations
for each row
execute function studio.follow_character();

create trigger animations_refuse_deleted_project
before insert on studio.animations
for each row
execute function studio.refuse_deleted_project();

alter table studio.animations enable row level security;
alter table studio.animations force row level security;

create policy animations_owner on studio.animations
    to renderstore_owner
    using (true)
    with check (true);
create policy animations_own on studio.animations
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    )
    with check (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy animations_every on studio.animations
    to renderstore_admin
    using (true)
    with check (true);
create policy animations_read on studio.animations
    for select
    to renderstore_readonly
    using (true);

grant select on studio.animations
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (name, frames_per_second, playback, repeats, deleted_at)
on studio.animations
to renderstore_app, renderstore_admin;
grant insert (user_id, character_id, name, frames_per_second, playback, repeats)
on studio.animations
to renderstore_app, renderstore_admin;
