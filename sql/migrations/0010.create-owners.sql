-- Who owns rows on this node. What a user owns hangs on a row here and never on identity.users, so that an open
-- transaction of the user delays nobody who changes or ends the user: an administrator, or logical replication.
-- And who moves to another farm: where they come from nothing of theirs is written meanwhile; where they arrive, the row
-- says that all of it is there. renderstore farm move writes it, and nothing else.
-- depends: 0009.wall-users

set local role renderstore_owner;

create table ops.here (
    farm_id smallint not null default 1,
    is_home boolean not null default true,

    -- No foreign key to ops.farms, which comes by replication.
    constraint here_pkey primary key (farm_id),
    constraint here_farm_id_is_positive_check check (farm_id > 0)
);

comment on table ops.here is
    'One row: which farm this database is, and whether it is home.';
comment on column ops.here.farm_id is
    'The number of this farm, as ops.farms has it.';
comment on column ops.here.is_home is
    'Whether users, plans and settings are written here; a farm that is not home gets them from there.';
comment on constraint here_pkey on ops.here is
    'This database already has this number.';
comment on constraint here_farm_id_is_positive_check on ops.here is
    'A farm''s number is 1 or more.';

-- Serves nobody's search: there is one row.
create unique index here_is_one_row_key on ops.here ((true));
comment on index ops.here_is_one_row_key is
    'A database is one farm.';

insert into ops.here (farm_id, is_home)
values (1, true);

grant select on ops.here
to
    renderstore_app,
    renderstore_auth,
    renderstore_worker,
    renderstore_admin,
    renderstore_readonly;

create table identity.owners (
    user_id uuid not null,
    arrived_at timestamptz not null default now(),

    -- No foreign key to identity.users: what a user owns may outlive the user until a sweep.
    constraint owners_pkey primary key (user_id)
);

comment on table identity.owners is
    'One row a user who may own rows on this node. It outlives an erased user while a transaction of theirs is open; identity.sweep ends it then.';
comment on column identity.owners.user_id is
    'The user, who may be erased by now.';
comment on column identity.owners.arrived_at is
    'When the user came to this node.';
comment on constraint owners_pkey on identity.owners is
    'This user is already on this node.';

alter table identity.owners enable row level security;
alter table identity.owners force row level security;

create policy owners_owner on identity.owners
    to renderstore_owner
    using (true)
    with check (true);
-- A user sees none, so that no user can lock one.
create policy owners_read on identity.owners
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on identity.owners to renderstore_admin, renderstore_readonly;

-- Security definer: only the database writes identity.owners.
create function identity.admit_owner()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Home has all, for what they sign in with.
    insert into identity.owners (user_id)
    select new.id
    from ops.here as h
    where h.is_home or h.farm_id = new.farm_id
    on conflict do nothing;
    return null;
end
$$;
comment on function identity.admit_owner() is
    'Trigger: a user who comes to live on this node may own rows here.';

-- Security definer: as identity.admit_owner, and whoever erases a user ends all that the user owns.
create function identity.end_owner(user_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- The shortest there is: whoever removes somebody waits for nothing of theirs.
set lock_timeout = '1ms'
as $$
begin
    delete from identity.owners as o
    where o.user_id = end_owner.user_id
        and not exists (
            select
            from identity.users as u
            where u.id = o.user_id
        );
    return found;
exception
    when lock_not_available then
        return false;
end
$$;
comment on function identity.end_owner(uuid) is
    'Ends all that an erased user owns and says whether it did: it does not while somebody holds a row of it.';

create function identity.end_erased_owner()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Under replication no cascade fires, so there the sweep ends it.
    if current_setting('session_replication_role') <> 'replica' then
        perform identity.end_owner(old.id);
    end if;
    return null;
end
$$;
comment on function identity.end_erased_owner() is
    'Trigger: what an erased user owns ends at once, or with the next sweep where somebody holds a row of it.';

create trigger users_admit_owner
after insert on identity.users
for each row
execute function identity.admit_owner();

create trigger users_end_owner
after delete on identity.users
for each row
execute function identity.end_erased_owner();

-- A farm's users come by logical replication, which fires no other triggers.
alter table identity.users enable always trigger users_admit_owner;
alter table identity.users enable always trigger users_end_owner;

insert into identity.owners (user_id)
select id
from identity.users;

create table ops.moves (
    user_id uuid not null,
    to_farm_id smallint not null,
    began_at timestamptz not null default now(),

    constraint moves_pkey primary key (user_id),
    constraint moves_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint moves_to_farm_id_is_positive_check check (to_farm_id > 0)
);

comment on table ops.moves is
    'One row a user who moves from this farm, or to it. `renderstore farm move`, run again, ends what was broken off.';
comment on column ops.moves.user_id is
    'The user.';
comment on column ops.moves.to_farm_id is
    'The farm that the user moves to; this one, where the user arrives.';
comment on column ops.moves.began_at is
    'Since when nothing of the user''s is written here.';
comment on constraint moves_pkey on ops.moves is
    'This user moves already.';
comment on constraint moves_user_id_fkey on ops.moves is
    'There is no user with this id; still referenced: the user moves.';
comment on constraint moves_to_farm_id_is_positive_check on ops.moves is
    'A farm''s number is 1 or more.';

alter table ops.moves enable row level security;
alter table ops.moves force row level security;

create policy moves_owner on ops.moves
    to renderstore_owner
    using (true)
    with check (true);
create policy moves_own on ops.moves
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy moves_read on ops.moves
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on ops.moves
    to renderstore_app, renderstore_admin, renderstore_readonly;
