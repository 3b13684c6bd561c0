set local role renderstore_owner;

revoke all on identity.users
    from renderstore_app, renderstore_auth, renderstore_admin, renderstore_readonly;

drop policy users_read on identity.users;
drop policy users_every on identity.users;
drop policy users_own on identity.users;
drop policy users_owner on identity.users;

alter table identity.users no force row level security;
alter table identity.users disable row level security;
