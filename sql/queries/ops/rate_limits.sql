-- What users take of the limits.

-- name: take(endpoint, cost)^
-- Whether the acting user may make a request of an endpoint, which then counts: called by `run`, in a transaction of its own. A cost of 0 only looks; null is 1.
-- row: Allowance
-- null: cost? is_allowed! remaining! retry_after?
select
    is_allowed,
    remaining,
    retry_after
from ops.take(:endpoint, coalesce(:cost::integer, 1));
