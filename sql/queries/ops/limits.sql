-- How many requests an endpoint takes of each user within a window. Administrators set them.

-- name: set(endpoint, max_requests, window_s)^
-- The limit as it is now, new or changed; a window that changes begins anew for everybody.
-- row: Limit
insert into ops.limits (endpoint, max_requests, window_s)
values (:endpoint, :max_requests, :window_s)
on conflict (endpoint) do update
set
    max_requests = excluded.max_requests,
    window_s = excluded.window_s
returning
    endpoint,
    max_requests,
    window_s,
    updated_at,
    updated_by;

-- name: list(after_endpoint, page_size)
-- A page of the limits by endpoint, after this one (null for the first page).
-- row: Limit
-- null: after_endpoint?
select
    endpoint,
    max_requests,
    window_s,
    updated_at,
    updated_by
from ops.limits
where endpoint > coalesce(:after_endpoint::text, '')
order by endpoint
limit (select :page_size::bigint);

-- name: delete(endpoint)!
-- How many limits were deleted: one or none. From then on a request of the endpoint is an error.
delete from ops.limits
where endpoint = :endpoint;
