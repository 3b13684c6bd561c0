-- What sign-in does before the user is known. Only renderstore_auth may run these.

-- name: create_bootstrap_admin(email, name, password_hash)$
-- The id of the first administrator; refused once there was one.
-- null: id! email? name? password_hash?
select identity.create_bootstrap_admin(:email, :name, :password_hash) as id;

-- name: find_password(email)^
-- The password's hash of an active user who has one.
-- secret: password_hash
-- null: password_hash!
select
    users.id,
    user_secrets.password_hash,
    users.is_password_change_due
from identity.users
join identity.user_secrets on user_secrets.user_id = users.id
where users.email = lower(:email)
    and users.status = 'active'
    and user_secrets.password_hash is not null;

-- name: change_password(id, password_hash)!
-- How many passwords were changed: one, or none where the user has none.
-- null: password_hash!
with changed as (
    update identity.user_secrets
    set password_hash = :password_hash
    where user_id = :id and password_hash is not null
    returning user_id
)

update identity.users
set is_password_change_due = false
where id in (
    select user_id
    from changed
);

-- name: sign_in_with_plex(plex_id, plex_username, email, name, image)^
-- The user with this Plex id, created at the first sign-in. Whoever is suspended is refused when the session is issued.
-- null: plex_id! plex_username? email? name? image?
insert into identity.users (plex_id, plex_username, email, name, image)
values (:plex_id, :plex_username, :email, :name, :image)
on conflict (plex_id) where status in ('active', 'suspended') do update
set
    plex_username = coalesce(excluded.plex_username, users.plex_username)
returning
    id,
    role,
    status,
    is_bootstrap,
    created_at;

-- name: get_plex_token(id)^
-- The encrypted Plex token of a user.
-- secret: plex_token_encrypted
-- null: plex_token_encrypted?
select
    users.id,
    user_secrets.plex_token_encrypted
from identity.users
left join identity.user_secrets on user_secrets.user_id = users.id
where users.id = :id;

-- name: set_plex_token(id, plex_token_encrypted)!
-- How many users were given the encrypted Plex token: one or none. Null takes it away.
-- null: plex_token_encrypted?
insert into identity.user_secrets (user_id, plex_token_encrypted)
select
    users.id,
    :plex_token_encrypted::bytea as plex_token_encrypted
from identity.users
where users.id = :id
on conflict (user_id) do update
set plex_token_encrypted = excluded.plex_token_encrypted;

-- name: list_plex_tokens(after_id, page_size)
-- A page of encrypted Plex tokens in the order of their users, for a change of keys.
-- secret: plex_token_encrypted
-- null: plex_token_encrypted!
select
    user_id as id,
    plex_token_encrypted
from identity.user_secrets
where plex_token_encrypted is not null
    and user_id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by user_id
limit (select :page_size::bigint);

-- name: replace_plex_token(id, old, new)!
-- How many tokens were replaced: one, or none where it has changed since it was read.
-- null: new!
update identity.user_secrets
set plex_token_encrypted = :new
where user_id = :id and plex_token_encrypted = :old;
