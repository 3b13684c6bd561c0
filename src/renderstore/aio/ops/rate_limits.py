"""What users take of the limits.

Generated from sql/queries/ops/rate_limits.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import one as _one
from renderstore.ops.rate_limits import Allowance

_sql = _load("ops", "rate_limits")


async def take(
    conn: _AsyncConnection[object], *, endpoint: str, cost: int | None = None
) -> Allowance:
    """Whether the acting user may make a request of an endpoint, which then counts:
    called by `run`, in a transaction of its own. A cost of 0 only looks; null is 1.
    """
    return await _one(
        conn, _sql["take"], {"endpoint": endpoint, "cost": cost}, Allowance
    )
