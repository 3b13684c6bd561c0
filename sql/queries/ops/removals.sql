-- Files that must be removed. A janitor claims a batch, deletes, confirms.

-- name: claim(limit, lease)
-- Up to limit files that are to be removed, for as long as the lease; from now on they cannot be kept again.
-- row: Removal
-- null: lease? user_id! id! uri! tries!
select
    user_id,
    id,
    uri,
    tries
from ops.claim_removals(:limit, coalesce(:lease::interval, interval '5 minutes'));

-- name: confirm(user_ids, ids)$
-- How many claimed files are removed now; a second time it is 0.
-- null: confirmed!
select ops.confirm_removals(:user_ids, :ids) as confirmed;

-- name: fail(user_id, id, message)!
-- A file could not be removed: it is tried again later, at most a day.
select ops.fail_removal(:user_id, :id, :message) as failed;

-- name: list(after_user_id, after_id, page_size)
-- A page of what is to be removed, whosever it is, for who sees every row.
-- row: ListedRemoval
-- null: after_user_id? after_id?
select
    user_id,
    id,
    uri,
    size_bytes,
    reason,
    tries,
    due_at,
    last_error,
    created_at
from ops.removals
where (user_id, id) > (
    coalesce(:after_user_id::uuid, '00000000-0000-0000-0000-000000000000'),
    coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
)
order by user_id, id
limit (select :page_size::bigint);

-- name: queue_stray(uri, size_bytes)$
-- Whether a file that was found without an asset is to be removed now; an administrator's.
-- null: queued!
select ops.queue_stray(:uri, :size_bytes) as queued;
