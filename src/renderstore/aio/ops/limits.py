# ruff: noqa: A001 (a query is named for what it does)

"""How many requests an endpoint takes of each user within a window. Administrators set
them.

Generated from sql/queries/ops/limits.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.ops.limits import Limit

_sql = _load("ops", "limits")


async def set(
    conn: _AsyncConnection[object], *, endpoint: str, max_requests: int, window_s: int
) -> Limit:
    """The limit as it is now, new or changed; a window that changes begins anew for
    everybody.
    """
    return await _one(
        conn,
        _sql["set"],
        {"endpoint": endpoint, "max_requests": max_requests, "window_s": window_s},
        Limit,
    )


async def list(
    conn: _AsyncConnection[object], *, after_endpoint: str | None = None, page_size: int
) -> builtins.list[Limit]:
    """A page of the limits by endpoint, after this one (null for the first page)."""
    return await _many(
        conn,
        _sql["list"],
        {"after_endpoint": after_endpoint, "page_size": page_size},
        Limit,
    )


async def delete(conn: _AsyncConnection[object], *, endpoint: str) -> int:
    """How many limits were deleted: one or none. From then on a request of the
    endpoint is an error.
    """
    return await _affected(conn, _sql["delete"], {"endpoint": endpoint})
