-- Tokens of services and of users' own programs. store.token(secret) checks one and enters what it may.

-- name: issue(name, roles, user_id, service, for_user_id, expires_at)^
-- The id of a new token and, this once, its secret.
-- secret: secret
-- null: id! secret! user_id? service? for_user_id? expires_at?
select
    id,
    secret
from identity.issue_api_token(
    :name,
    :roles,
    :user_id,
    :service,
    :for_user_id,
    :expires_at
);

-- name: rotate(id)^
-- The new secret of a token, shown this once; the old one ceases to work.
-- secret: secret
-- null: secret!
select identity.rotate_api_token(:id) as secret;

-- name: get_by_hash(token_hash)^
-- Whose token this is, once a node has checked what it may do.
-- row: CheckedToken
select
    id,
    for_user_id
from identity.api_tokens
where token_hash = :token_hash;

-- name: get(id)^
-- The token with this id, without its secret.
-- row: ApiToken
select
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at
from identity.api_tokens
where id = :id;

-- name: list(after_id, page_size)
-- A page of the tokens that the caller may see, in the order in which they were issued.
-- row: ApiToken
select
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at
from identity.api_tokens
where id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: list_for_user(user_id, after_id, page_size)
-- A page of a user's tokens in the order in which they were issued.
-- row: ApiToken
select
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at
from identity.api_tokens
where user_id = :user_id
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: rename(id, name)^
-- The token under the new name.
-- row: ApiToken
update identity.api_tokens
set name = :name
where id = :id
returning
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at;

-- name: revoke(id)^
-- The token, which works no more.
-- row: ApiToken
update identity.api_tokens
set revoked_at = coalesce(revoked_at, now())
where id = :id
returning
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at;
