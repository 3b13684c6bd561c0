-- Presets: settings that people use again, by kind. A user has own ones; the standard ones come with the house. One view shows both.
-- depends: 0088.import-aseprite

set local role renderstore_owner;

create type studio.preset_kind as enum (
    'script',
    'image',
    'voice',
    'subtitles',
    'video',
    'animation',
    'other'
);
comment on type studio.preset_kind is
    'What a preset is for: script, image, voice, subtitles, video, animation, other.';

create table studio.presets (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    kind studio.preset_kind not null,
    name text not null,
    settings jsonb not null default '{}',
    is_default boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    purge_at timestamptz,

    constraint presets_pkey primary key (user_id, id),
    constraint presets_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint presets_name_is_short_check check (length(name) between 1 and 100),
    constraint presets_settings_are_object_check
        check (
            jsonb_typeof(settings) = 'object'
            and ops.json_problem(settings) is null
        ),
    constraint presets_default_lives_check check (not is_default or deleted_at is null),
    constraint presets_purge_at_follows_deletion_check
        check (purge_at is null or deleted_at is not null)
);

comment on table studio.presets is
    'One row a preset of a user. studio.preset_choices shows them together with the standard ones.';
comment on column studio.presets.user_id is
    'The user who owns the preset.';
comment on column studio.presets.id is
    'The preset''s identifier, made by the database.';
comment on column studio.presets.kind is
    'What the preset is for.';
comment on column studio.presets.name is
    'What people call the preset, 1 to 100 characters, unique among the user''s living ones of its kind.';
comment on column studio.presets.settings is
    'What it sets, an object of the application''s own.';
comment on column studio.presets.is_default is
    'Whether it is chosen where nobody names one: at most one of a kind, ahead of the standard default.';
comment on column studio.presets.created_at is
    'When the preset was created.';
comment on column studio.presets.updated_at is
    'When the row last changed.';
comment on column studio.presets.deleted_at is
    'When the preset was deleted; null while it lives.';
comment on column studio.presets.purge_at is
    'From when the sweep purges the deleted preset, so that it cannot be restored; null while it lives, or where the plan keeps it for ever.';
comment on constraint presets_pkey on studio.presets is
    'There is already a preset with this id.';
comment on constraint presets_user_id_fkey on studio.presets is
    'There is no user with this id; still referenced: the user has presets.';
comment on constraint presets_name_is_short_check on studio.presets is
    'A preset''s name has 1 to 100 characters.';
comment on constraint presets_settings_are_object_check on studio.presets is
    'A preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint presets_default_lives_check on studio.presets is
    'A deleted preset is no default.';
comment on constraint presets_purge_at_follows_deletion_check on studio.presets is
    'Only a deleted preset is purged.';

create unique index presets_user_id_kind_name_key
    on studio.presets (user_id, kind, name)
    where deleted_at is null;
comment on index studio.presets_user_id_kind_name_key is
    'You already have a preset of this kind with this name.';

create unique index presets_user_id_kind_key on studio.presets (user_id, kind)
    where is_default;
comment on index studio.presets_user_id_kind_key is
    'You already have a default preset of this kind.';

-- Serves studio.presets.list_deleted.
create index presets_deleted_idx on studio.presets (user_id, deleted_at, id)
    where deleted_at is not null;

-- Serves the sweep: what is to be purged.
create index presets_purge_at_idx on studio.presets (purge_at)
    where purge_at is not null;

create trigger presets_set_updated_at
before update on studio.presets
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

alter table studio.presets enable row level security;
alter table studio.presets force row level security;

create policy presets_owner on studio.presets
    to renderstore_owner
    using (true)
    with check (true);
create policy presets_own on studio.presets
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
create policy presets_every on studio.presets
    to renderstore_admin
    using (true)
    with check (true);
create policy presets_read on studio.presets
    for select
    to renderstore_readonly
    using (true);

grant select on studio.presets
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (name, settings)
on studio.presets
to renderstore_app, renderstore_admin;
