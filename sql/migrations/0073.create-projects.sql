-- A project: a title, the text that it began with, and what hangs under it. Deleting marks this row alone; what hangs under it is hidden
-- by the policies, which ask studio.deleted_project_ids once a statement.
-- depends: 0072.create-studio-lives

set local role renderstore_owner;

create table studio.projects (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    status studio.project_status not null default 'draft',
    title text not null,
    source_text text,
    config jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    purge_at timestamptz,

    constraint projects_pkey primary key (user_id, id),
    constraint projects_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint projects_title_is_short_check check (length(title) between 1 and 200),
    constraint projects_source_text_is_short_check
        check (length(source_text) <= 500000),
    constraint projects_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null),
    constraint projects_purge_at_follows_deletion_check
        check (purge_at is null or deleted_at is not null)
);

comment on table studio.projects is
    'One row a project. What hangs under it carries its id.';
comment on column studio.projects.user_id is
    'The user who owns the project.';
comment on column studio.projects.id is
    'The project''s identifier, made by the database; later projects sort after earlier ones.';
comment on column studio.projects.status is
    'Where the project stands; studio.transitions says what may follow.';
comment on column studio.projects.title is
    'What people call the project, 1 to 200 characters, unique among the user''s living projects.';
comment on column studio.projects.source_text is
    'The story or script that the project began with, up to 500000 characters; null without one.';
comment on column studio.projects.config is
    'The project''s settings, an object of the application''s own.';
comment on column studio.projects.created_at is
    'When the project was created.';
comment on column studio.projects.updated_at is
    'When the row last changed.';
comment on column studio.projects.deleted_at is
    'When the project was deleted; null while it lives.';
comment on column studio.projects.purge_at is
    'From when the sweep purges the deleted project, so that it cannot be restored; null while it lives, or where the plan keeps it for ever.';
comment on constraint projects_pkey on studio.projects is
    'There is already a project with this id.';
comment on constraint projects_user_id_fkey on studio.projects is
    'There is no user with this id; still referenced: the user has projects.';
comment on constraint projects_title_is_short_check on studio.projects is
    'A project''s title has 1 to 200 characters.';
comment on constraint projects_source_text_is_short_check on studio.projects is
    'A project''s source text has at most 500000 characters.';
comment on constraint projects_config_is_object_check on studio.projects is
    'A project''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint projects_purge_at_follows_deletion_check on studio.projects is
    'Only a deleted project is purged.';

create unique index projects_user_id_title_key on studio.projects (user_id, title)
    where deleted_at is null;
comment on index studio.projects_user_id_title_key is
    'You already have a project with this title.';

-- Serves studio.projects.list.
create index projects_living_idx on studio.projects (user_id, id)
    where deleted_at is null;

-- Serves studio.projects.list_deleted and every policy that hides what hangs under a deleted project.
create index projects_deleted_idx on studio.projects (user_id, deleted_at, id)
    where deleted_at is not null;

-- Serves the sweep: what is to be purged.
create index projects_purge_at_idx on studio.projects (purge_at)
    where purge_at is not null;

-- Serves studio.projects.find_by_id: support knows a project by its id alone.
create index projects_id_idx on studio.projects (id);

create trigger projects_set_updated_at
before update on studio.projects
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

create function studio.guard_project()
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
        message = format('A %s project cannot become %s.', old.status, new.status);
end
$$;
comment on function studio.guard_project() is
    'Trigger: a project changes only as studio.transitions permits.';

create trigger projects_guard
before update of status on studio.projects
for each row
when (old.status <> new.status)
execute function studio.guard_project();

create function studio.deleted_project_ids()
returns uuid[]
language sql
stable
return array(
    select p.id
    from studio.projects as p
    where p.user_id = (select identity.current_user_id()) and p.deleted_at is not null
);
comment on function studio.deleted_project_ids() is
    'The deleted projects of the bound user: the policies hide what hangs under them.';

grant execute on function studio.deleted_project_ids()
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

alter table studio.projects enable row level security;
alter table studio.projects force row level security;

create policy projects_owner on studio.projects
    to renderstore_owner
    using (true)
    with check (true);
create policy projects_own on studio.projects
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
create policy projects_every on studio.projects
    to renderstore_admin
    using (true)
    with check (true);
create policy projects_read on studio.projects
    for select
    to renderstore_readonly
    using (true);

grant select on studio.projects
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (title, source_text, status, config)
on studio.projects
to renderstore_app, renderstore_admin;
