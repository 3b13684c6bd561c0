-- Creating, deleting and restoring a project: what moves the owner's count with it. Locks are taken in one order: the owner's row in
-- studio.usages, then the project, then what hangs under it.
-- depends: 0073.create-projects

set local role renderstore_owner;

create function studio.lock_project(
    owner uuid,
    id uuid,
    is_living boolean default true
)
returns studio.projects
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    project studio.projects;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into project
            from studio.projects as p
            where p.user_id = owner and p.id = id
            for no key update;
        else
            select * into project
            from studio.projects as p
            where p.user_id = owner and p.id = id
            for no key update skip locked;
        end if;
        exit when found;
        perform
        from studio.projects as p
        where p.user_id = owner and p.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no project with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    if project.id is null then
        raise lock_not_available using
            message = 'Somebody is changing this project at this moment; try again.';
    elsif is_living and project.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return project;
end
$$;
comment on function studio.lock_project(uuid, uuid, boolean) is
    'A user''s project, locked for the rest of the transaction; refuses where there is none, and a deleted one unless that is meant.';

create function studio.create_project(
    title text,
    source_text text default null,
    config jsonb default '{}',
    user_id uuid default null,
    out id uuid,
    out status studio.project_status,
    out created_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.charge(owner, projects => 1);
    insert into studio.projects as p (user_id, title, source_text, config)
    values (owner, title, source_text, coalesce(config, '{}'))
    returning p.id, p.status, p.created_at into id, status, created_at;
end
$$;
comment on function studio.create_project(text, text, jsonb, uuid) is
    'A project just created by the bound user, or for the one that an administrator names; refused above the plan''s max_projects.';

-- It does nothing here; what gives projects jobs replaces it. It waits for nobody, and takes what it locks after the project.
create function studio.end_jobs(owner uuid, project_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    null;
end
$$;
comment on function studio.end_jobs(uuid, uuid) is
    'Cancels what waits for a project that was just deleted, and asks what runs for it to stop. What somebody holds is the sweep''s.';

create function studio.delete_project(
    id uuid,
    user_id uuid default null,
    out deleted_at timestamptz,
    out purge_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_owner(owner);
    perform studio.lock_project(owner, id);
    perform studio.charge(owner, projects => -1);
    update studio.projects as p
    set
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
    perform studio.end_jobs(owner, id);
end
$$;
comment on function studio.delete_project(uuid, uuid) is
    'Deletes a project, however much hangs under it, by marking its row. It can be restored until purge_at, which the plan''s keep_deleted_days decides now.';

create function studio.restore_project(id uuid, user_id uuid default null)
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
    project studio.projects;
begin
    perform studio.lock_owner(owner);
    project := studio.lock_project(owner, id, is_living => false);
    if project.deleted_at is null then
        raise exception using
            errcode = 'RS005',
            message = 'This project was not deleted.';
    -- By the clock: the sweep may have begun since this transaction did.
    elsif project.purge_at <= clock_timestamp() then
        raise exception using
            errcode = 'RS005',
            message = 'The time in which this project could be restored is over.';
    end if;
    perform studio.charge(owner, projects => 1);
    update studio.projects as p
    set
        deleted_at = null,
        purge_at = null
    where p.user_id = owner and p.id = id;
end
$$;
comment on function studio.restore_project(uuid, uuid) is
    'A deleted project lives again with all that hung under it; refused above the plan''s max_projects, where a living project has its title, and once it is to be purged.';

create function studio.purge_project(id uuid, user_id uuid default null)
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
begin
    perform studio.lock_owner(owner);
    if (studio.lock_project(owner, id, is_living => false)).deleted_at is null then
        perform studio.delete_project(id, user_id);
    end if;
    update studio.projects as p
    set purge_at = least(p.purge_at, now())
    where p.user_id = owner and p.id = id;
end
$$;
comment on function studio.purge_project(uuid, uuid) is
    'Deletes a project for good: it cannot be restored from now on, and the sweep clears what hangs under it.';

grant execute on function
    studio.create_project(text, text, jsonb, uuid),
    studio.delete_project(uuid, uuid),
    studio.restore_project(uuid, uuid),
    studio.purge_project(uuid, uuid)
to renderstore_app, renderstore_admin;
