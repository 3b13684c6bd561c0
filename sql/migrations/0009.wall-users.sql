-- Who sees and changes which user. A user changes no column of it, not even the own name: no transaction of a user
-- may hold the row that an administrator ends. What only sign-in reads stands in identity.user_secrets.
-- depends: 0008.create-users

set local role renderstore_owner;

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
    to renderstore_app, renderstore_admin, renderstore_readonly;

grant select, delete on identity.users to renderstore_auth;
grant insert (
    email,
    name,
    image,
    plex_id,
    plex_username,
    email_verified_at
)
on identity.users
to renderstore_auth;
grant update (
    email,
    name,
    image,
    plex_username,
    is_password_change_due,
    email_verified_at,
    last_login_at
)
on identity.users
to renderstore_auth;

grant insert (
    plan_id,
    farm_id,
    role,
    email,
    name,
    image,
    slack_id,
    plex_id,
    plex_username
)
on identity.users
to renderstore_admin;
grant update (
    plan_id,
    role,
    status,
    email,
    name,
    image,
    slack_id,
    plex_id,
    plex_username,
    email_verified_at
)
on identity.users
to renderstore_admin;
grant delete on identity.users to renderstore_admin;
