-- Sessions that we issue ourselves, to Plex users for one.

-- name: issue(user_id, lifetime)^
-- The secret of a new session, shown this once.
-- secret: secret
-- null: secret!
select identity.issue_session_token(:user_id, :lifetime) as secret;

-- name: check(token_hash)^
-- The active user to whom a live session belongs; its use is noted at most once a minute, and not where the transaction
-- only reads.
-- null: id! user_id! role! expires_at!
select
    id,
    user_id,
    role,
    expires_at
from identity.check_session_token(:token_hash);

-- name: list_for_user(user_id, after_id, page_size)
-- A page of a user's sessions in the order in which they were issued.
-- row: SessionToken
select
    id,
    user_id,
    last_used_at,
    created_at,
    expires_at
from identity.session_tokens
where user_id = :user_id
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: extend(token_hash, lifetime)^
-- The live session of an active user, which now ends after this lifetime from now.
-- row: SessionToken
update identity.session_tokens
set expires_at = now() + :lifetime::interval
where token_hash = :token_hash
    and expires_at > now()
    and exists (
        select
        from identity.users
        where users.id = session_tokens.user_id and users.status = 'active'
    )
returning
    id,
    user_id,
    last_used_at,
    created_at,
    expires_at;

-- name: delete(id)$
-- How many sessions were ended: one or none.
-- null: sessions!
select identity.end_session_token(:id) as sessions;

-- name: delete_by_hash(token_hash)!
-- How many sessions were ended by whoever holds the token: one or none.
delete from identity.session_tokens
where token_hash = :token_hash;

-- name: delete_for_user(user_id, except_id)$
-- How many of a user's sessions were ended: all, or all but this one.
-- Without a limit, since whoever signs out everywhere must be out everywhere.
-- null: except_id? sessions!
select identity.end_session_tokens(:user_id, :except_id) as sessions;
