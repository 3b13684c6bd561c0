-- Users under the names that Auth.js's PostgreSQL adapter expects. It finds a user by e-mail and by account
-- with the same `select *`: a deactivated user must not be found by an address that is free again, yet must be
-- found by account, so that the sign-in hears why it is refused. So the row stays and the address is not shown.
-- depends: 0023.create-identity-sweep

set local role renderstore_owner;

create view authjs.users
with (security_invoker = true)
as
select
    id,
    name,
    case when status <> 'deactivated' then email end as email,
    email_verified_at as "emailVerified",
    image
from identity.users;

comment on view authjs.users is
    'identity.users for Auth.js; a deactivated user is there without an e-mail address.';
comment on column authjs.users.id is
    'The user''s identifier, made by the database.';
comment on column authjs.users.name is
    'What people call the user; null where it is not known. An empty one is stored as null.';
comment on column authjs.users.email is
    'The e-mail address in lower case; null where none is known and for a deactivated user. An empty one is stored as null.';
comment on column authjs.users."emailVerified" is
    'When the e-mail address was verified; null where it was not.';
comment on column authjs.users.image is
    'The address of a picture; null without one. An empty one is stored as null.';

-- Serves the adapter's getUserByEmail, which asks the view's expression. The table comes with the same
-- release: nobody writes to it yet.
-- squawk-ignore require-concurrent-index-creation
create index users_living_email_idx on identity.users (
    (case when status <> 'deactivated' then email end)
);

create function authjs.insert_user()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.name = nullif(new.name, '');
    new.image = nullif(new.image, '');
    insert into identity.users as u (
        email,
        name,
        image,
        email_verified_at
    )
    values (
        nullif(new.email, ''),
        new.name,
        new.image,
        new."emailVerified"
    )
    returning
        u.id,
        u.email
    into
        new.id,
        new.email;
    return new;
end
$$;
comment on function authjs.insert_user() is
    'Trigger: stores a user whom Auth.js creates.';

create function authjs.update_user()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.name = nullif(new.name, '');
    new.image = nullif(new.image, '');
    update identity.users as u
    set
        -- The adapter writes back what it has read: an address that was not shown is kept.
        email = case
            when new.email is distinct from old.email then nullif(new.email, '')
            else u.email
        end,
        name = new.name,
        image = new.image,
        email_verified_at = new."emailVerified"
    where u.id = old.id
    returning case when u.status <> 'deactivated' then u.email end
    into new.email;
    if not found then
        return null;
    end if;
    return new;
end
$$;
comment on function authjs.update_user() is
    'Trigger: stores what Auth.js changes about a user.';

create trigger users_insert_user
instead of insert on authjs.users
for each row
execute function authjs.insert_user();

create trigger users_update_user
instead of update on authjs.users
for each row
execute function authjs.update_user();

grant
    select,
    insert (name, email, "emailVerified", image),
    update (name, email, "emailVerified", image),
    delete
on authjs.users
to renderstore_auth;
