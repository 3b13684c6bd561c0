-- The presets that everybody has. They are rows: an administrator changes one without a migration.
-- depends: 0089.create-presets

set local role renderstore_owner;

create table studio.standard_presets (
    id text not null,
    kind studio.preset_kind not null,
    name text not null,
    settings jsonb not null default '{}',
    is_default boolean not null default false,

    constraint standard_presets_pkey primary key (id),
    constraint standard_presets_kind_name_key unique (kind, name),
    constraint standard_presets_id_is_slug_check
        check (id ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint standard_presets_name_is_short_check
        check (length(name) between 1 and 100),
    constraint standard_presets_settings_are_object_check
        check (jsonb_typeof(settings) = 'object' and ops.json_problem(settings) is null)
);

comment on table studio.standard_presets is
    'One row a preset that everybody has.';
comment on column studio.standard_presets.id is
    'The preset''s short name in lower case.';
comment on column studio.standard_presets.kind is
    'What the preset is for.';
comment on column studio.standard_presets.name is
    'What people call the preset, 1 to 100 characters.';
comment on column studio.standard_presets.settings is
    'What it sets, an object of the application''s own.';
comment on column studio.standard_presets.is_default is
    'Whether it is chosen where a user has no default of this kind and names none: at most one of a kind.';
comment on constraint standard_presets_pkey on studio.standard_presets is
    'There is already a standard preset with this id.';
comment on constraint standard_presets_kind_name_key on studio.standard_presets is
    'There is already a standard preset of this kind with this name.';
comment on constraint standard_presets_id_is_slug_check on studio.standard_presets is
    'A standard preset''s id has 1 to 63 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint standard_presets_name_is_short_check on studio.standard_presets is
    'A standard preset''s name has 1 to 100 characters.';
comment on constraint standard_presets_settings_are_object_check on studio.standard_presets is
    'A standard preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

create unique index standard_presets_kind_key on studio.standard_presets (kind)
    where is_default;
comment on index studio.standard_presets_kind_key is
    'There is already a standard default of this kind.';

grant select on studio.standard_presets
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant insert, update, delete on studio.standard_presets to renderstore_admin;

insert into studio.standard_presets (id, kind, name, settings, is_default)
values
    (
        'script_short',
        'script',
        'Short story',
        '{"scenes": 8, "words_per_scene": 40}',
        true
    ),
    (
        'script_long',
        'script',
        'Long story',
        '{"scenes": 30, "words_per_scene": 80}',
        false
    ),
    (
        'image_cinematic',
        'image',
        'Cinematic',
        '{"style": "cinematic", "width": 1920, "height": 1080}',
        true
    ),
    (
        'image_flat',
        'image',
        'Flat illustration',
        '{"style": "flat illustration", "width": 1920, "height": 1080}',
        false
    ),
    (
        'image_pixel',
        'image',
        'Pixel art',
        '{"style": "pixel art", "width": 512, "height": 512}',
        false
    ),
    ('voice_calm', 'voice', 'Calm narrator', '{"pace": 1.0, "tone": "calm"}', true),
    (
        'voice_lively',
        'voice',
        'Lively narrator',
        '{"pace": 1.15, "tone": "lively"}',
        false
    ),
    (
        'subtitles_plain',
        'subtitles',
        'Plain',
        '{"position": "bottom", "max_characters_per_line": 42}',
        true
    ),
    (
        'video_landscape',
        'video',
        'Landscape 1080p',
        '{"width": 1920, "height": 1080, "frames_per_second": 30}',
        true
    ),
    (
        'video_portrait',
        'video',
        'Portrait 1080p',
        '{"width": 1080, "height": 1920, "frames_per_second": 30}',
        false
    ),
    (
        'video_square',
        'video',
        'Square 1080p',
        '{"width": 1080, "height": 1080, "frames_per_second": 30}',
        false
    ),
    (
        'animation_walk',
        'animation',
        'Walk',
        '{"frames_per_second": 12, "frames": 8, "playback": "forward"}',
        true
    ),
    (
        'animation_idle',
        'animation',
        'Idle',
        '{"frames_per_second": 6, "frames": 4, "playback": "ping_pong"}',
        false
    );

create view studio.preset_choices
with (security_invoker = true) as
select
    p.user_id,
    p.kind,
    p.name,
    p.settings,
    p.is_default,
    p.is_default as is_chosen,
    false as is_standard,
    p.id as preset_id,
    null::text as standard_preset_id
from studio.presets as p
where p.deleted_at is null
union all
select
    null::uuid as user_id,
    s.kind,
    s.name,
    s.settings,
    s.is_default,
    s.is_default
    and not exists (
        select
        from studio.presets as p
        where p.user_id = (select identity.current_user_id())
            and p.kind = s.kind
            and p.is_default
    ) as is_chosen,
    true as is_standard,
    null::uuid as preset_id,
    s.id as standard_preset_id
from studio.standard_presets as s;

comment on view studio.preset_choices is
    'What may be chosen: own presets that live, and the standard ones.';
comment on column studio.preset_choices.user_id is
    'The user who owns the preset; null for a standard one.';
comment on column studio.preset_choices.kind is
    'What the preset is for.';
comment on column studio.preset_choices.name is
    'What people call the preset.';
comment on column studio.preset_choices.settings is
    'What it sets, an object of the application''s own.';
comment on column studio.preset_choices.is_default is
    'Whether it is the default among its own: the user''s, or the standard ones.';
comment on column studio.preset_choices.is_chosen is
    'Whether it is the one of its kind where nobody names one: the own default, or the standard one where there is none.';
comment on column studio.preset_choices.is_standard is
    'Whether everybody has it.';
comment on column studio.preset_choices.preset_id is
    'The own preset; null for a standard one.';
comment on column studio.preset_choices.standard_preset_id is
    'The standard preset; null for an own one.';

grant select on studio.preset_choices
    to renderstore_app, renderstore_admin, renderstore_readonly;
