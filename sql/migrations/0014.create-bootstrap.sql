-- The first administrator, made while there is none, and never again by this path. The row in
-- identity.bootstraps is what twenty callers at once compete for.
-- depends: 0013.create-macos-accounts

set local role renderstore_owner;

create table identity.bootstraps (
    is_done boolean not null default true,
    done_at timestamptz not null default now(),

    constraint bootstraps_pkey primary key (is_done),
    constraint bootstraps_is_done_is_true_check check (is_done)
);

comment on table identity.bootstraps is
    'Holds one row once the first administrator was made; it stays when that user is erased.';
comment on column identity.bootstraps.is_done is
    'Always true: there is one row or none.';
comment on column identity.bootstraps.done_at is
    'When the first administrator was made.';
comment on constraint bootstraps_pkey on identity.bootstraps is
    'The first administrator was already made.';
comment on constraint bootstraps_is_done_is_true_check on identity.bootstraps is
    'The row that marks the first administrator as made is never unmarked.';

grant select on identity.bootstraps
    to renderstore_auth, renderstore_admin, renderstore_readonly;

-- Security definer: sign-in may not make administrators otherwise.
create function identity.create_bootstrap_admin(
    email text,
    name text,
    password_hash text
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    made uuid;
begin
    -- A second caller waits here for the first to end.
    insert into identity.bootstraps (is_done)
    values (true)
    on conflict do nothing;
    if not found or exists (select from identity.users where role = 'admin') then
        raise exception using
            errcode = 'RS002',
            message = 'There is already an administrator, or there was one: the first is made only once.';
    end if;
    insert into identity.users (
        role,
        is_bootstrap,
        email,
        name,
        is_password_change_due
    )
    values (
        'admin',
        true,
        create_bootstrap_admin.email,
        create_bootstrap_admin.name,
        create_bootstrap_admin.password_hash is not null
    )
    returning id into made;
    insert into identity.user_secrets (user_id, password_hash)
    values (made, create_bootstrap_admin.password_hash);
    return made;
end
$$;

comment on function identity.create_bootstrap_admin(text, text, text) is
    'Makes the first administrator, whose password must be changed at the first sign-in; refused once there was one.';

grant execute on function
    identity.create_bootstrap_admin(text, text, text)
to renderstore_auth;
