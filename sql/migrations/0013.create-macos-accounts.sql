-- The names under which people log into their Macs: a plugin on a workstation finds its user by one.
-- Only an administrator adds or removes one, or a user could take "admin" or "render".
-- depends: 0012.create-binding

set local role renderstore_owner;

create table identity.macos_accounts (
    id uuid not null default ops.uuidv7(),
    user_id uuid not null,
    name text not null,
    created_at timestamptz not null default now(),

    constraint macos_accounts_pkey primary key (id),
    constraint macos_accounts_user_id_fkey foreign key (user_id)
        references identity.users (id) on delete cascade,
    constraint macos_accounts_name_key unique (name),
    constraint macos_accounts_name_is_macos_check
        check (name ~ '^[a-z0-9_][a-z0-9_.-]{0,254}$')
);

comment on table identity.macos_accounts is
    'One row a macOS account name. A user may have any number; a name belongs to one user.';
comment on column identity.macos_accounts.id is
    'The row''s identifier, made by the database.';
comment on column identity.macos_accounts.user_id is
    'The user who logs in under the name.';
comment on column identity.macos_accounts.name is
    'The account''s short name in lower case, as `whoami` prints it on the Mac.';
comment on column identity.macos_accounts.created_at is
    'When an administrator added the name.';
comment on constraint macos_accounts_pkey on identity.macos_accounts is
    'There is already a macOS account with this id.';
comment on constraint macos_accounts_user_id_fkey on identity.macos_accounts is
    'There is no user with this id; still referenced: the user has macOS account names.';
comment on constraint macos_accounts_name_key on identity.macos_accounts is
    'This macOS account name already belongs to a user.';
comment on constraint macos_accounts_name_is_macos_check on identity.macos_accounts is
    'A macOS account name has 1 to 255 letters, digits, dots, dashes and underscores, and begins with a letter, a digit or an underscore.';

-- Serves identity.macos_accounts.list_for_user and macos_accounts_user_id_fkey.
create index macos_accounts_user_id_idx on identity.macos_accounts (user_id);

create function identity.lower_name()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.name = lower(new.name);
    return new;
end
$$;
comment on function identity.lower_name() is
    'Trigger: keeps a name in lower case, however it was written.';

create trigger macos_accounts_lower_name
before insert or update of name on identity.macos_accounts
for each row
when (new.name <> lower(new.name))
execute function identity.lower_name();

alter table identity.macos_accounts enable row level security;
alter table identity.macos_accounts force row level security;

create policy macos_accounts_owner on identity.macos_accounts
    to renderstore_owner
    using (true)
    with check (true);
create policy macos_accounts_own on identity.macos_accounts
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy macos_accounts_every on identity.macos_accounts
    to renderstore_admin
    using (true)
    with check (true);
create policy macos_accounts_read on identity.macos_accounts
    for select
    to renderstore_auth, renderstore_readonly
    using (true);

grant select on identity.macos_accounts
    to renderstore_app, renderstore_auth, renderstore_admin, renderstore_readonly;
grant insert (user_id, name), delete on identity.macos_accounts to renderstore_admin;
