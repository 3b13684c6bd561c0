-- What people choose again and again: their own presets, and standard ones that everybody has. One of each kind may be the default; an own
-- one goes before a standard one.
-- depends: 0088.import-aseprite

set local role renderstore_owner;

create table studio.standard_presets (
    id uuid not null default ops.uuidv7(),
    kind text not null,
    name text not null,
    settings jsonb not null default '{}',
    is_default boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint standard_presets_pkey primary key (id),
    constraint standard_presets_kind_name_key unique (kind, name),
    constraint standard_presets_kind_is_slug_check
        check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint standard_presets_name_is_short_check
        check (length(name) between 1 and 100),
    constraint standard_presets_settings_are_object_check
        check (jsonb_typeof(settings) = 'object' and ops.json_problem(settings) is null)
);

comment on table studio.standard_presets is
    'One row a preset that everybody has. Migrations write them, and administrators.';
comment on column studio.standard_presets.id is
    'The preset''s identifier, made by the database.';
comment on column studio.standard_presets.kind is
    'What it sets up, such as image or voice.';
comment on column studio.standard_presets.name is
    'What people call it, 1 to 100 characters, unique in its kind.';
comment on column studio.standard_presets.settings is
    'What it sets, an object.';
comment on column studio.standard_presets.is_default is
    'Whether it is chosen where nobody chose.';
comment on column studio.standard_presets.created_at is
    'When the preset was created.';
comment on column studio.standard_presets.updated_at is
    'When the row last changed.';
comment on constraint standard_presets_pkey on studio.standard_presets is
    'There is already a standard preset with this id.';
comment on constraint standard_presets_kind_name_key on studio.standard_presets is
    'There is already a standard preset with this name.';
comment on constraint standard_presets_kind_is_slug_check on studio.standard_presets is
    'A preset''s kind has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint standard_presets_name_is_short_check on studio.standard_presets is
    'A preset''s name has 1 to 100 characters.';
comment on constraint standard_presets_settings_are_object_check
on studio.standard_presets is
    'A preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

create unique index standard_presets_kind_key on studio.standard_presets (kind)
    where is_default;
comment on index studio.standard_presets_kind_key is
    'This kind already has a standard default.';

create trigger standard_presets_set_updated_at
before update on studio.standard_presets
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

grant select on studio.standard_presets
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant insert (kind, name, settings, is_default),
    update (kind, name, settings, is_default),
    delete
on studio.standard_presets
to renderstore_admin;

insert into studio.standard_presets (kind, name, settings, is_default)
values
    ('image', 'Square', '{"width": 1024, "height": 1024}', true),
    ('image', 'Wide', '{"width": 1792, "height": 1024}', false),
    ('image', 'Tall', '{"width": 1024, "height": 1792}', false),
    ('video', 'Full HD', '{"width": 1920, "height": 1080, "fps": 30}', true),
    ('video', 'Shorts', '{"width": 1080, "height": 1920, "fps": 30}', false),
    ('voice', 'Calm', '{"speed": 1.0}', true),
    ('subtitles', 'Plain', '{"format": "srt"}', true),
    ('sprite', 'Pixel art', '{"width": 64, "height": 64, "fps": 12}', true);

create table studio.presets (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    kind text not null,
    name text not null,
    settings jsonb not null default '{}',
    is_default boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint presets_pkey primary key (user_id, id),
    constraint presets_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint presets_user_id_kind_name_key unique (user_id, kind, name),
    constraint presets_kind_is_slug_check check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint presets_name_is_short_check check (length(name) between 1 and 100),
    constraint presets_settings_are_object_check
        check (jsonb_typeof(settings) = 'object' and ops.json_problem(settings) is null)
);

comment on table studio.presets is
    'One row a preset of a user''s own.';
comment on column studio.presets.user_id is
    'The user whose preset it is.';
comment on column studio.presets.id is
    'The preset''s identifier, made by the database.';
comment on column studio.presets.kind is
    'What it sets up, such as image or voice.';
comment on column studio.presets.name is
    'What people call it, 1 to 100 characters, unique among the user''s of its kind.';
comment on column studio.presets.settings is
    'What it sets, an object.';
comment on column studio.presets.is_default is
    'Whether it is chosen where nobody chose.';
comment on column studio.presets.created_at is
    'When the preset was created.';
comment on column studio.presets.updated_at is
    'When the row last changed.';
comment on constraint presets_pkey on studio.presets is
    'There is already a preset with this id.';
comment on constraint presets_user_id_fkey on studio.presets is
    'There is no user with this id; still referenced: the user has presets.';
comment on constraint presets_user_id_kind_name_key on studio.presets is
    'You already have a preset with this name.';
comment on constraint presets_kind_is_slug_check on studio.presets is
    'A preset''s kind has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint presets_name_is_short_check on studio.presets is
    'A preset''s name has 1 to 100 characters.';
comment on constraint presets_settings_are_object_check on studio.presets is
    'A preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

create unique index presets_user_id_kind_key on studio.presets (user_id, kind)
    where is_default;
comment on index studio.presets_user_id_kind_key is
    'You already have a default of this kind.';

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
grant update (kind, name, settings, is_default)
on studio.presets
to renderstore_app, renderstore_admin;
grant insert (user_id, kind, name, settings, is_default)
on studio.presets
to renderstore_app, renderstore_admin;
grant delete on studio.presets to renderstore_app, renderstore_admin;

create view studio.preset_choices
with (security_invoker = true) as
select
    p.user_id,
    p.id,
    p.kind,
    p.name,
    p.settings,
    p.is_default
from studio.presets as p
union all
select
    null as user_id,
    s.id,
    s.kind,
    s.name,
    s.settings,
    s.is_default
from studio.standard_presets as s;

comment on view studio.preset_choices is
    'One row a preset that one may choose: one''s own and the standard ones.';
comment on column studio.preset_choices.user_id is
    'The user whose preset it is; null for a standard one.';
comment on column studio.preset_choices.id is
    'The preset''s identifier.';
comment on column studio.preset_choices.kind is
    'What it sets up, such as image or voice.';
comment on column studio.preset_choices.name is
    'What people call it.';
comment on column studio.preset_choices.settings is
    'What it sets, an object.';
comment on column studio.preset_choices.is_default is
    'Whether it is chosen where nobody chose.';

grant select on studio.preset_choices
    to renderstore_app, renderstore_admin, renderstore_readonly;

create function studio.set_default_preset(id uuid, user_id uuid default null)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    chosen studio.presets;
begin
    -- Two at once come one after the other.
    perform studio.lock_owner(owner);
    select * into chosen
    from studio.presets as p
    where p.user_id = owner and p.id = id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no preset of yours with this id.';
    end if;
    update studio.presets as p
    set is_default = false
    where p.user_id = owner and p.kind = chosen.kind and p.is_default and p.id <> id;
    update studio.presets as p
    set is_default = true
    where p.user_id = owner and p.id = id and not p.is_default;
end
$$;
comment on function studio.set_default_preset(uuid, uuid) is
    'Makes a preset the default of its kind, in place of the one before.';

grant execute on function studio.set_default_preset(uuid, uuid)
to renderstore_app, renderstore_admin;
