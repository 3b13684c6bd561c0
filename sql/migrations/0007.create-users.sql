-- The people (and programs) that own everything else. A shared table with a plain key: what
-- must be unique in the world, such as an e-mail address, is unique here.
-- depends: 0006.create-updated-at

set local role renderstore_owner;

create type identity.user_role as enum ('user', 'admin');
comment on type identity.user_role is
    'What a user may do: user works with their own rows, admin with everybody''s.';

create type identity.user_status as enum ('active', 'suspended', 'deactivated');
comment on type identity.user_status is
    'Where an account stands: active, suspended (refused until reactivated), deactivated (given up; its unique names are free again).';

create table identity.users (
    id uuid not null default ops.uuidv7(),
    role identity.user_role not null default 'user',
    status identity.user_status not null default 'active',
    email text,
    name text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint users_pkey primary key (id),
    constraint users_email_is_address_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
    constraint users_email_is_lower_case_check check (email = lower(email)),
    constraint users_name_is_short_check check (length(name) between 1 and 200)
);

comment on table identity.users is
    'One row a person or program that owns rows elsewhere.';
comment on column identity.users.id is
    'The user''s identifier, made by the database.';
comment on column identity.users.role is
    'What the user may do. Only an administrator changes it.';
comment on column identity.users.status is
    'Where the account stands. Only an administrator changes it.';
comment on column identity.users.email is
    'The e-mail address in lower case, up to 320 characters; null where none is known.';
comment on column identity.users.name is
    'What people call the user, 1 to 200 characters; null where it is not known.';
comment on column identity.users.created_at is
    'When the user was created.';
comment on column identity.users.updated_at is
    'When the row last changed.';
comment on constraint users_pkey on identity.users is
    'There is already a user with this id.';
comment on constraint users_email_is_address_check on identity.users is
    'An e-mail address has one @ with something on both sides, no spaces, and at most 320 characters.';
comment on constraint users_email_is_lower_case_check on identity.users is
    'An e-mail address is stored in lower case.';
comment on constraint users_name_is_short_check on identity.users is
    'A name has 1 to 200 characters.';

-- Serves identity.users.find_by_email. A deactivated user's address is free again.
create unique index users_email_key on identity.users (email) where status <> 'deactivated';
comment on index identity.users_email_key is
    'Another user already has this e-mail address.';

create function identity.lower_email()
returns trigger
language plpgsql
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

alter table identity.users enable row level security;
alter table identity.users force row level security;

-- Foreign-key checks and cascades run as the owner.
create policy users_owner on identity.users
    to renderstore_owner
    using (true)
    with check (true);
create policy users_own on identity.users
    to renderstore_app
    using (id = (select identity.current_user_id()))
    with check (id = (select identity.current_user_id()));
create policy users_every on identity.users
    to renderstore_admin, renderstore_auth
    using (true)
    with check (true);
create policy users_read on identity.users
    for select
    to renderstore_readonly
    using (true);

grant select on identity.users
    to renderstore_app, renderstore_auth, renderstore_admin, renderstore_readonly;
grant update (name) on identity.users to renderstore_app;
grant insert (email, name), update (email, name) on identity.users to renderstore_auth;
grant insert (role, status, email, name), update (role, status, email, name), delete
    on identity.users to renderstore_admin;
