-- Auth.js's sessions. Auth.js writes them through the views in authjs; people see and end theirs here.

-- name: list_for_user(user_id, after_id, page_size)
-- A page of a user's sessions in the order in which they began.
-- row: WebSession
select
    id,
    user_id,
    created_at,
    expires_at
from identity.web_sessions
where user_id = :user_id
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: delete(id)$
-- How many sessions were ended: one or none.
-- null: sessions!
select identity.end_web_session(:id) as sessions;

-- name: delete_for_user(user_id, except_id)$
-- How many of a user's sessions were ended: all, or all but this one.
-- Without a limit, since whoever signs out everywhere must be out everywhere.
-- null: except_id? sessions!
select identity.end_web_sessions(:user_id, :except_id) as sessions;
