-- An asset: what is known of a file, which lies elsewhere. Its URI begins with its owner's id and is made here, so that nobody can name,
-- and then delete, the file of somebody else. sweep_at says when the sweep looks at the row next, whatever for.
-- depends: 0077.create-removals

set local role renderstore_owner;

create type studio.asset_kind as enum (
    'image',
    'audio',
    'video',
    'subtitles',
    'project_file',
    'sprite_sheet',
    'other'
);
comment on type studio.asset_kind is
    'What a file is: image, audio, video, subtitles, project_file (of another program), sprite_sheet, other.';

create table studio.assets (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid,
    kind studio.asset_kind not null,
    state studio.asset_state not null default 'reserved',
    uri text not null,
    name text,
    size_bytes bigint not null,
    media_type text,
    sha256 bytea,
    width integer,
    height integer,
    duration_ms bigint,
    provenance jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    kept_at timestamptz,
    expires_at ops.moment,
    deleted_at timestamptz,
    missing_at timestamptz,
    sweep_at timestamptz default now() + interval '1 day',

    constraint assets_pkey primary key (user_id, id),
    constraint assets_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint assets_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint assets_user_id_uri_key unique (user_id, uri),
    constraint assets_uri_is_the_owners_check
        check (
            ops.is_owners_uri(user_id, uri)
            and uri ~ '^[A-Za-z0-9._/-]+$'
            and length(uri) <= 300
        ),
    constraint assets_name_is_short_check check (length(name) between 1 and 255),
    constraint assets_size_bytes_is_not_negative_check
        check (size_bytes between 0 and 1125899906842624),
    constraint assets_media_type_is_media_type_check
        check (media_type ~ '^[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}$'),
    constraint assets_sha256_is_sha256_check check (length(sha256) = 32),
    constraint assets_has_width_and_height_check
        check (
            (width is null) = (height is null)
            and width between 1 and 1000000
            and height between 1 and 1000000
        ),
    constraint assets_duration_ms_is_not_negative_check check (duration_ms >= 0),
    constraint assets_provenance_is_object_check
        check (
            jsonb_typeof(provenance) = 'object' and ops.json_problem(provenance) is null
        ),
    constraint assets_is_whole_check
        check (
            (state in ('reserved', 'kept')) = (deleted_at is null)
            and (state <> 'kept' or kept_at is not null)
            and (state <> 'reserved' or kept_at is null)
        )
);

comment on table studio.assets is
    'One row an asset: what is known of a file.';
comment on column studio.assets.user_id is
    'The user who owns the asset.';
comment on column studio.assets.id is
    'The asset''s identifier, made by the database.';
comment on column studio.assets.project_id is
    'The project that the asset belongs to; null where it belongs to none, or to several.';
comment on column studio.assets.kind is
    'What the file is.';
comment on column studio.assets.state is
    'Where the asset stands; studio.transitions says what may follow.';
comment on column studio.assets.uri is
    'Where the file lies, under the owner''s id; made by the database.';
comment on column studio.assets.name is
    'What people call the file, up to 255 characters; null without a name.';
comment on column studio.assets.size_bytes is
    'The file''s size in bytes; the expected one while it is reserved.';
comment on column studio.assets.media_type is
    'What the file holds, such as image/png; null where nobody knows.';
comment on column studio.assets.sha256 is
    'The SHA-256 of the file, 32 bytes; null until it is kept, or where nobody knows.';
comment on column studio.assets.width is
    'The image''s width in pixels; null where it has none.';
comment on column studio.assets.height is
    'The image''s height in pixels; null where it has none.';
comment on column studio.assets.duration_ms is
    'How long it plays, in milliseconds; null where it does not.';
comment on column studio.assets.provenance is
    'What it was made with, such as prompt, model and seed, as an object; null where nobody knows.';
comment on column studio.assets.created_at is
    'When the asset was reserved.';
comment on column studio.assets.updated_at is
    'When the row last changed.';
comment on column studio.assets.kept_at is
    'When the file was there; null before. From then on its bytes count until it is gone.';
comment on column studio.assets.expires_at is
    'From when the asset expires, unless something uses it; null for never.';
comment on column studio.assets.deleted_at is
    'When the asset expired, was deleted or was given up; null while it is reserved or kept.';
comment on column studio.assets.missing_at is
    'When reconcile found no file; null where nobody missed it.';
comment on column studio.assets.sweep_at is
    'When the sweep looks at the row next: a reservation''s end, an expiry, the clearing of what is gone; null for never.';
comment on constraint assets_pkey on studio.assets is
    'There is already an asset with this id.';
comment on constraint assets_user_id_fkey on studio.assets is
    'There is no user with this id; still referenced: the user has assets.';
comment on constraint assets_user_id_project_id_fkey on studio.assets is
    'There is no project with this id; still referenced: the project has assets.';
comment on constraint assets_user_id_uri_key on studio.assets is
    'There is already an asset with this file.';
comment on constraint assets_uri_is_the_owners_check on studio.assets is
    'An asset''s URI begins with its owner''s id and a slash, does not climb, and has letters, digits, dots, dashes and slashes, 300 at most.';
comment on constraint assets_name_is_short_check on studio.assets is
    'An asset''s name has 1 to 255 characters.';
comment on constraint assets_size_bytes_is_not_negative_check on studio.assets is
    'A file''s size is 0 bytes to a pebibyte.';
comment on constraint assets_media_type_is_media_type_check on studio.assets is
    'A media type looks like image/png, in lower case.';
comment on constraint assets_sha256_is_sha256_check on studio.assets is
    'A file''s hash is a SHA-256: 32 bytes.';
comment on constraint assets_has_width_and_height_check on studio.assets is
    'An image has a width and a height of 1 to 1000000 pixels, or neither.';
comment on constraint assets_duration_ms_is_not_negative_check on studio.assets is
    'A file plays for 0 milliseconds or more.';
comment on constraint assets_provenance_is_object_check on studio.assets is
    'Provenance is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint assets_is_whole_check on studio.assets is
    'A kept asset says since when, a reserved one does not, and any other says since when it is not.';

-- Serves studio.assets.list, and assets_user_id_project_id_fkey.
create index assets_user_id_project_id_id_idx
    on studio.assets (user_id, project_id, id);

-- Serves studio.assets.find_by_sha256.
create index assets_sha256_idx on studio.assets (user_id, sha256)
    where state = 'kept';

-- Serves studio.sweep_assets.
create index assets_sweep_at_idx on studio.assets (sweep_at)
    where sweep_at is not null;

-- Serves studio.assets.find_by_id: support knows an asset by its id alone.
create index assets_id_idx on studio.assets (id);

create trigger assets_set_updated_at
before update on studio.assets
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

create function studio.guard_asset()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if studio.may_become(old.state, new.state) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('An %s asset cannot become %s.', old.state, new.state);
end
$$;
comment on function studio.guard_asset() is
    'Trigger: an asset changes only as studio.transitions permits.';

create trigger assets_guard
before update of state on studio.assets
for each row
when (old.state <> new.state)
execute function studio.guard_asset();

create function studio.follow_expiry()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.sweep_at = new.expires_at;
    return new;
end
$$;
comment on function studio.follow_expiry() is
    'Trigger: the sweep looks at a kept asset when it expires.';

create trigger assets_follow_expiry
before update of expires_at on studio.assets
for each row
when (new.state = 'kept' and old.expires_at is distinct from new.expires_at)
execute function studio.follow_expiry();

-- Security definer: a cascade reaches it, and no role writes ops.removals by hand.
create function studio.note_removal()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.removals as r (user_id, uri, size_bytes, reason)
    values (
        old.user_id,
        old.uri,
        case when old.kept_at is not null then old.size_bytes else 0 end,
        'erased'
    )
    on conflict on constraint removals_user_id_uri_key do update
    set due_at = least(r.due_at, excluded.due_at);
    return null;
end
$$;
comment on function studio.note_removal() is
    'Trigger: whatever takes an asset''s row away, its file is not orphaned.';

create trigger assets_note_removal
after delete on studio.assets
for each row
when (old.state <> 'gone')
execute function studio.note_removal();

alter table studio.assets enable row level security;
alter table studio.assets force row level security;

create policy assets_owner on studio.assets
    to renderstore_owner
    using (true)
    with check (true);
create policy assets_own on studio.assets
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and (
            project_id is null
            or project_id <> all((select studio.deleted_project_ids())::uuid[])
        )
    )
    with check (
        user_id = (select identity.current_user_id())
        and (
            project_id is null
            or project_id <> all((select studio.deleted_project_ids())::uuid[])
        )
    );
create policy assets_every on studio.assets
    to renderstore_admin
    using (true)
    with check (true);
create policy assets_read on studio.assets
    for select
    to renderstore_readonly
    using (true);

grant select on studio.assets
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (name, provenance, expires_at)
on studio.assets
to renderstore_app, renderstore_admin;
-- Whoever looks at the disk sees what is missing.
grant update (missing_at) on studio.assets to renderstore_admin;
