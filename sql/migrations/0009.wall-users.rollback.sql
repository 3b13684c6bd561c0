set local role renderstore_owner;

revoke select (
    id,
    plan_id,
    role,
    status,
    is_bootstrap,
    email,
    name,
    image,
    slack_id,
    plex_id,
    plex_username,
    is_password_change_due,
    email_verified_at,
    last_login_at,
    created_at,
    updated_at
)
on identity.users
from renderstore_app, renderstore_admin, renderstore_readonly;
revoke update (name, image) on identity.users from renderstore_app;
revoke all on identity.users from renderstore_auth, renderstore_admin;

drop policy users_read on identity.users;
drop policy users_every on identity.users;
drop policy users_own on identity.users;
drop policy users_owner on identity.users;

alter table identity.users no force row level security;
alter table identity.users disable row level security;
