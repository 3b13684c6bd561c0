"""What users take of the limits.

Generated from sql/queries/ops/rate_limits.sql by `just generate`; do not edit.
"""

from datetime import timedelta

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import one as _one

_sql = _load("ops", "rate_limits")


@_row
class Allowance:
    """What take gives."""

    is_allowed: bool
    remaining: int
    retry_after: timedelta | None


def take(
    conn: _Connection[object], *, endpoint: str, cost: int | None = None
) -> Allowance:
    """Whether the acting user may make a request of an endpoint, which then counts:
    called by `run`, in a transaction of its own. A cost of 0 only looks; null is 1.
    """
    return _one(conn, _sql["take"], {"endpoint": endpoint, "cost": cost}, Allowance)
