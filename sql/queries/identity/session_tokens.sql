-- Sessions that we issue ourselves, to Plex users for one.

-- name: issue(user_id, lifetime)^
-- The secret of a new session, shown this once.
-- secret: secret
-- null: secret!
select identity.issue_session_token(:user_id, :lifetime) as secret;

-- name: check(token_hash)^
-- The active user to whom a live session belongs; its use is noted at most once a minute.
with live as (
    select
        session_tokens.id,
        session_tokens.user_id,
        session_tokens.last_used_at,
        session_tokens.expires_at,
        users.role
    from identity.session_tokens
    join identity.users on users.id = session_tokens.user_id
    where session_tokens.token_hash = :token_hash
        and session_tokens.expires_at > now()
        and users.status = 'active'
),

used as (
    update identity.session_tokens
    set last_used_at = now()
    from live
    where session_tokens.id = live.id
        and (live.last_used_at is null or live.last_used_at < now() - interval '1 minute')
)

select
    id,
    user_id,
    role,
    expires_at
from live;

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

-- name: delete(id)!
-- How many sessions were ended: one or none.
delete from identity.session_tokens
where id = :id;

-- name: delete_by_hash(token_hash)!
-- How many sessions were ended by whoever holds the token: one or none.
delete from identity.session_tokens
where token_hash = :token_hash;
