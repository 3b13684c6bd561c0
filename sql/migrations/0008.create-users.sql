-- The people (and programs) that own everything else. A shared table with a plain key: what
-- must be unique in the world, such as an e-mail address, is unique here, among those who were not deactivated.
-- Each lives on one farm; where there is one machine, it is farm 1.
-- depends: 0007.create-plans

set local role renderstore_owner;

create table ops.farms (
    id smallint not null,
    name text not null,

    constraint farms_pkey primary key (id),
    constraint farms_id_is_positive_check check (id > 0),
    constraint farms_name_is_short_check check (length(name) between 1 and 100)
);

comment on table ops.farms is
    'One row a farm: a database where users live with all that they own.';
comment on column ops.farms.id is
    'The farm''s number, 1 or more.';
comment on column ops.farms.name is
    'What people call the farm, 1 to 100 characters.';
comment on constraint farms_pkey on ops.farms is
    'There is already a farm with this number.';
comment on constraint farms_id_is_positive_check on ops.farms is
    'A farm''s number is 1 or more.';
comment on constraint farms_name_is_short_check on ops.farms is
    'A farm''s name has 1 to 100 characters.';

insert into ops.farms (id, name)
values (1, 'home');

grant select on ops.farms
    to renderstore_app, renderstore_admin, renderstore_readonly;

create type identity.user_role as enum ('user', 'admin');
comment on type identity.user_role is
    'What a user may do: user works with their own rows, admin with everybody''s.';

create type identity.user_status as enum ('active', 'suspended', 'deactivated');
comment on type identity.user_status is
    'Where an account stands: active, suspended (refused until reactivated), deactivated (given up; its unique names are free again).';

create table identity.users (
    id uuid not null default ops.uuidv7(),
    plan_id text not null default 'free',
    farm_id smallint not null default 1,
    role identity.user_role not null default 'user',
    status identity.user_status not null default 'active',
    is_bootstrap boolean not null default false,
    email text,
    name text,
    image text,
    slack_id text,
    plex_id bigint,
    plex_username text,
    is_password_change_due boolean not null default false,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint users_pkey primary key (id),
    constraint users_plan_id_fkey foreign key (plan_id)
        references identity.plans (id) on delete restrict,
    constraint users_farm_id_fkey foreign key (farm_id)
        references ops.farms (id) on delete restrict,
    constraint users_email_is_address_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
    constraint users_email_is_lower_case_check check (email = lower(email)),
    constraint users_name_is_short_check check (length(name) between 1 and 200),
    constraint users_image_is_short_check check (length(image) between 1 and 65536),
    constraint users_slack_id_is_slack_check check (slack_id ~ '^[UW][A-Z0-9]{2,31}$'),
    constraint users_plex_id_is_positive_check check (plex_id > 0),
    constraint users_plex_username_is_short_check
        check (length(plex_username) between 1 and 200),
    constraint users_password_change_is_bootstrap_check
        check (not is_password_change_due or is_bootstrap),
    constraint users_times_are_1970_to_9999_check check (
        least(email_verified_at, last_login_at, created_at, updated_at)
        >= '1970-01-01 00:00+00'
        and greatest(email_verified_at, last_login_at, created_at, updated_at)
        < '9999-12-31 00:00+00'
    )
);

comment on table identity.users is
    'One row a person or program that owns rows elsewhere.';
comment on column identity.users.id is
    'The user''s identifier, made by the database.';
comment on column identity.users.plan_id is
    'The plan whose limits hold for the user. Only an administrator changes it.';
comment on column identity.users.farm_id is
    'The farm where the user''s jobs, projects and all else are. `renderstore farm move` changes it.';
comment on column identity.users.role is
    'What the user may do. Only an administrator changes it.';
comment on column identity.users.status is
    'Where the account stands. Only an administrator changes it.';
comment on column identity.users.is_bootstrap is
    'Whether this is the first administrator, made before anybody could sign in.';
comment on column identity.users.email is
    'The e-mail address in lower case, up to 320 characters; null where none is known, as with some Plex users.';
comment on column identity.users.name is
    'What people call the user, 1 to 200 characters; null where it is not known.';
comment on column identity.users.image is
    'The address of a picture, or the picture itself as a data URL, up to 65536 characters; null without one.';
comment on column identity.users.slack_id is
    'The user''s id in Slack, such as U024BE7LH; null where it is not known.';
comment on column identity.users.plex_id is
    'The account''s number at Plex; null for who does not sign in with Plex.';
comment on column identity.users.plex_username is
    'The name at Plex, 1 to 200 characters; null where it is not known.';
comment on column identity.users.is_password_change_due is
    'Whether the password must be changed at the next sign-in.';
comment on column identity.users.email_verified_at is
    'When the e-mail address was verified; null where it was not.';
comment on column identity.users.last_login_at is
    'When the user last signed in; null for never.';
comment on column identity.users.created_at is
    'When the user was created.';
comment on column identity.users.updated_at is
    'When the row last changed.';
comment on constraint users_pkey on identity.users is
    'There is already a user with this id.';
comment on constraint users_plan_id_fkey on identity.users is
    'There is no plan with this id; still referenced: users have this plan.';
comment on constraint users_farm_id_fkey on identity.users is
    'There is no farm with this number; still referenced: users live on this farm.';
comment on constraint users_email_is_address_check on identity.users is
    'An e-mail address has one @ with something on both sides, no spaces, and at most 320 characters.';
comment on constraint users_email_is_lower_case_check on identity.users is
    'An e-mail address is stored in lower case.';
comment on constraint users_name_is_short_check on identity.users is
    'A name has 1 to 200 characters.';
comment on constraint users_image_is_short_check on identity.users is
    'The address of a picture, or a data URL, has 1 to 65536 characters.';
comment on constraint users_slack_id_is_slack_check on identity.users is
    'A Slack id begins with U or W, followed by capital letters and digits.';
comment on constraint users_plex_id_is_positive_check on identity.users is
    'A Plex id is a number above 0.';
comment on constraint users_plex_username_is_short_check on identity.users is
    'A Plex username has 1 to 200 characters.';
comment on constraint users_password_change_is_bootstrap_check on identity.users is
    'Only the first administrator has a password, and without one there is none to change.';
comment on constraint users_times_are_1970_to_9999_check on identity.users is
    'A user''s times lie between 1970 and 9999.';

-- The living are named one by one: under a policy the planner may not ask the statistics about an enum, and
-- while everybody is active it takes `status <> 'deactivated'` for nobody and reads the whole index.
-- Serves identity.users.find_by_email.
create unique index users_email_key on identity.users (email)
where status in ('active', 'suspended');
comment on index identity.users_email_key is
    'Another user already has this e-mail address.';

-- Serves identity.users.search: in the order of its bytes, which is one for a prefix.
create index users_email_search_idx on identity.users (email collate "C", id);

-- Serves identity.users.find_by_plex_id.
create unique index users_plex_id_key on identity.users (plex_id)
where status in ('active', 'suspended');
comment on index identity.users_plex_id_key is
    'Another user already has this Plex id.';

-- Serves identity.users.find_by_slack_id.
create unique index users_slack_id_key on identity.users (slack_id)
where status in ('active', 'suspended');
comment on index identity.users_slack_id_key is
    'Another user already has this Slack id.';

-- Serves identity.create_bootstrap_admin: there is one first administrator.
create unique index users_is_bootstrap_key on identity.users (is_bootstrap)
where is_bootstrap;
comment on index identity.users_is_bootstrap_key is
    'There is already a first administrator.';

-- Serves identity.create_bootstrap_admin and identity.users.list_admins.
create index users_admins_idx on identity.users (id) where role = 'admin';

-- Serves identity.sweep.
create index users_deactivated_idx on identity.users (id) where status = 'deactivated';

-- Serves users_plan_id_fkey.
create index users_plan_id_idx on identity.users (plan_id);

-- Serves users_farm_id_fkey.
create index users_farm_id_idx on identity.users (farm_id);

create function identity.lower_email()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.email = lower(new.email);
    return new;
end
$$;
comment on function identity.lower_email() is
    'Trigger: keeps an e-mail address in lower case, however it was written.';

create trigger users_lower_email
before insert or update of email on identity.users
for each row
when (new.email <> lower(new.email))
execute function identity.lower_email();

create trigger users_set_updated_at
before update on identity.users
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();
