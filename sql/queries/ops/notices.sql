-- What users should hear of. Whoever delivers claims a batch, sends, confirms.

-- name: list(before_id, page_size)
-- A page of the acting user's notices, newest first, before the one with this id (null for the first page).
-- row: Notice
-- null: before_id?
select
    id,
    topic,
    subject_id,
    body,
    created_at,
    sent_at,
    read_at
from ops.notices
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_unread(before_id, page_size)
-- The same of those that the user has not read.
-- row: Notice
-- null: before_id?
select
    id,
    topic,
    subject_id,
    body,
    created_at,
    sent_at,
    read_at
from ops.notices
where user_id = (select identity.current_user_id())
    and read_at is null
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: count_unread()$
-- How many notices the acting user has not read, 100 at most.
-- null: unread!
select count(*) as unread
from (
    select
    from ops.notices
    where user_id = (select identity.current_user_id()) and read_at is null
    order by id
    limit 100
) as unread_notices;

-- name: mark_read(ids, user_id)$
-- How many of these notices, or of all, the user has read now and had not before.
-- null: ids? user_id? read!
select ops.read_notices(:ids, :user_id) as read;

-- name: claim(limit, lease)
-- Up to limit notices to deliver, for as long as the lease, each with where its user is reached. The id is the same at every delivery.
-- row: DueNotice
-- null: lease? user_id! id! topic! body! tries! created_at!
select
    user_id,
    id,
    topic,
    subject_id,
    body,
    tries,
    created_at,
    email,
    name,
    slack_id
from ops.claim_notices(:limit, coalesce(:lease::interval, interval '5 minutes'));

-- name: confirm(user_ids, ids)$
-- How many claimed notices are delivered now; a second time it is 0.
-- null: confirmed!
select ops.confirm_notices(:user_ids, :ids) as confirmed;

-- name: fail(user_id, id, message)!
-- A notice could not be delivered: it is tried again later, at most a day.
select ops.fail_notice(:user_id, :id, :message) as failed;
