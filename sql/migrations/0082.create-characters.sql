-- Who appears in a project. Plain rows: their owner inserts and updates them; deleting sets deleted_at. Nothing is added under what was
-- deleted: a guard says so.
-- depends: 0081.claim-removals

set local role renderstore_owner;

-- Security definer: a deleted project is hidden from its owner's plain look where others hang under it.
create function studio.refuse_deleted_project()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
    -- The policy refuses a row for somebody else, and nothing is told of that user.
    if current_setting('role') = 'renderstore_app'
        and new.user_id is distinct from identity.current_user_id()
    then
        return new;
    end if;
    if exists (
        select
        from studio.projects as p
        where p.user_id = new.user_id
            and p.id = new.project_id
            and p.deleted_at is not null
    )
    then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return new;
end
$$;
comment on function studio.refuse_deleted_project() is
    'Trigger: nothing is added to a deleted project.';

create table studio.characters (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid not null,
    name text not null,
    description text,
    config jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at ops.moment,

    constraint characters_pkey primary key (user_id, id),
    constraint characters_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint characters_name_is_short_check check (length(name) between 1 and 200),
    constraint characters_description_is_short_check
        check (length(description) <= 20000),
    constraint characters_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null)
);

comment on table studio.characters is
    'One row a character of a project.';
comment on column studio.characters.user_id is
    'The user who owns the project.';
comment on column studio.characters.id is
    'The character''s identifier, made by the database.';
comment on column studio.characters.project_id is
    'The project.';
comment on column studio.characters.name is
    'What the character is called, 1 to 200 characters, unique among the project''s living ones.';
comment on column studio.characters.description is
    'What the character is like, up to 20000 characters; null where nobody says.';
comment on column studio.characters.config is
    'The character''s settings, an object of the application''s own.';
comment on column studio.characters.created_at is
    'When the character was created.';
comment on column studio.characters.updated_at is
    'When the row last changed.';
comment on column studio.characters.deleted_at is
    'When the character was deleted; null while it lives.';
comment on constraint characters_pkey on studio.characters is
    'There is already a character with this id.';
comment on constraint characters_user_id_project_id_fkey on studio.characters is
    'There is no project with this id; still referenced: the project has characters.';
comment on constraint characters_name_is_short_check on studio.characters is
    'A character''s name has 1 to 200 characters.';
comment on constraint characters_description_is_short_check on studio.characters is
    'A character''s description has at most 20000 characters.';
comment on constraint characters_config_is_object_check on studio.characters is
    'A character''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

create unique index characters_user_id_project_id_name_key
    on studio.characters (user_id, project_id, name)
    where deleted_at is null;
comment on index studio.characters_user_id_project_id_name_key is
    'The project already has a character with this name.';

-- Serves characters_user_id_project_id_fkey and the purge.
create index characters_user_id_project_id_idx
    on studio.characters (user_id, project_id);

create trigger characters_set_updated_at
before update on studio.characters
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

create trigger characters_refuse_deleted_project
before insert on studio.characters
for each row
execute function studio.refuse_deleted_project();

alter table studio.characters enable row level security;
alter table studio.characters force row level security;

create policy characters_owner on studio.characters
    to renderstore_owner
    using (true)
    with check (true);
create policy characters_own on studio.characters
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    )
    with check (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy characters_every on studio.characters
    to renderstore_admin
    using (true)
    with check (true);
create policy characters_read on studio.characters
    for select
    to renderstore_readonly
    using (true);

grant select on studio.characters
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (name, description, config, deleted_at)
on studio.characters
to renderstore_app, renderstore_admin;
grant insert (user_id, project_id, name, description, config)
on studio.characters
to renderstore_app, renderstore_admin;
