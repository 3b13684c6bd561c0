-- What each user uses of the plan in the studio. Two rows a user, the sum of which counts: one that the user's own calls lock,
-- which makes a limit exact, and one of the farm's, so that a worker and the sweep never wait for a transaction of the user.
-- depends: 0070.keep-deleted-rows

set local role renderstore_owner;

create table studio.usages (
    user_id uuid not null,
    is_farms boolean not null,
    living_projects bigint not null default 0,
    stored_bytes bigint not null default 0,
    reserved_bytes bigint not null default 0,

    constraint usages_pkey primary key (user_id, is_farms),
    constraint usages_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint usages_living_projects_is_not_negative_check check (living_projects >= 0)
);

comment on table studio.usages is
    'Up to two rows a user who ever had a project or an asset: together they are what is used of the plan.';
comment on column studio.usages.user_id is
    'The user whose use it is.';
comment on column studio.usages.is_farms is
    'Whether workers and the sweep counted it; false for what the user''s own calls did.';
comment on column studio.usages.living_projects is
    'How many projects are not deleted.';
comment on column studio.usages.stored_bytes is
    'How many bytes the files of assets take, deleted ones too until their file is gone. The farm''s row may be negative: it counts what goes.';
comment on column studio.usages.reserved_bytes is
    'How many bytes were reserved for files that are not there yet. The farm''s row may be negative.';
comment on constraint usages_pkey on studio.usages is
    'This user''s use is already counted.';
comment on constraint usages_user_id_fkey on studio.usages is
    'There is no user with this id; still referenced: the user''s use of the studio is counted.';
comment on constraint usages_living_projects_is_not_negative_check on studio.usages is
    'The count of living projects is 0 or more.';

alter table studio.usages enable row level security;
alter table studio.usages force row level security;

create policy usages_owner on studio.usages
    to renderstore_owner
    using (true)
    with check (true);
create policy usages_own on studio.usages
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy usages_read on studio.usages
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.usages
    to renderstore_app, renderstore_admin, renderstore_readonly;

create function studio.lock_owner(owner uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into studio.usages (user_id, is_farms)
    select owner, false
    where not exists (
        select
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;
comment on function studio.lock_owner(uuid) is
    'Locks what orders the calls of one user in the studio.';

create function studio.charge(
    owner uuid,
    projects bigint default 0,
    stored_bytes bigint default 0,
    reserved_bytes bigint default 0
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    used record;
begin
    perform studio.lock_owner(owner);
    update studio.usages as u
    set
        living_projects = u.living_projects + projects,
        stored_bytes = u.stored_bytes + stored_bytes,
        reserved_bytes = u.reserved_bytes + reserved_bytes
    where u.user_id = owner and not u.is_farms;
    -- What gives back asks no limit.
    if greatest(projects, stored_bytes + reserved_bytes) <= 0 then
        return;
    end if;
    select
        o.status,
        p.name,
        p.max_projects,
        p.max_stored_bytes,
        sum(u.living_projects) as living_projects,
        sum(u.stored_bytes + u.reserved_bytes) as bytes
    into used
    from studio.usages as u
    join identity.users as o on o.id = u.user_id
    join identity.plans as p on p.id = o.plan_id
    where u.user_id = owner
    group by o.status, p.name, p.max_projects, p.max_stored_bytes;
    perform work.check_active(used.status);
    perform ops.check_limit(
        used.name,
        'plans_max_projects',
        'The plan %s allows %s projects; %s are there and %s more were asked for.',
        used.living_projects::bigint,
        projects,
        used.max_projects
    );
    perform ops.check_limit(
        used.name,
        'plans_max_stored_bytes',
        'The plan %s allows %s bytes of files; %s are stored or reserved and %s more were asked for.',
        used.bytes::bigint,
        stored_bytes + reserved_bytes,
        used.max_stored_bytes
    );
end
$$;
comment on function studio.charge(uuid, bigint, bigint, bigint) is
    'Charges projects and bytes to their owner, whose row stays locked, or refuses; less than 0 gives back.';

create function studio.note_farms_use(
    owner uuid,
    stored_bytes bigint,
    reserved_bytes bigint
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    -- A user who was erased meanwhile has nothing to count.
    insert into studio.usages as u (user_id, is_farms, stored_bytes, reserved_bytes)
    select o.user_id, true, stored_bytes, reserved_bytes
    from identity.owners as o
    where o.user_id = owner
    on conflict on constraint usages_pkey do update
    set
        stored_bytes = u.stored_bytes + excluded.stored_bytes,
        reserved_bytes = u.reserved_bytes + excluded.reserved_bytes;
end
$$;
comment on function studio.note_farms_use(uuid, bigint, bigint) is
    'Counts what a worker or the sweep stored, or let go, for a user; no limit is asked: what a job made is kept.';
