# ruff: noqa: A001 (a query is named for what it does)

"""How many requests an endpoint takes of each user within a window. Administrators set
them.

Generated from sql/queries/ops/limits.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one

_sql = _load("ops", "limits")


@_row
class Limit:
    """What set and list give."""

    endpoint: str
    max_requests: int
    window_s: int
    updated_at: datetime
    updated_by: str


def set(
    conn: _Connection[object], *, endpoint: str, max_requests: int, window_s: int
) -> Limit:
    """The limit as it is now, new or changed; a window that changes begins anew for
    everybody.
    """
    return _one(
        conn,
        _sql["set"],
        {"endpoint": endpoint, "max_requests": max_requests, "window_s": window_s},
        Limit,
    )


def list(
    conn: _Connection[object], *, after_endpoint: str | None = None, page_size: int
) -> builtins.list[Limit]:
    """A page of the limits by endpoint, after this one (null for the first page)."""
    return _many(
        conn,
        _sql["list"],
        {"after_endpoint": after_endpoint, "page_size": page_size},
        Limit,
    )


def delete(conn: _Connection[object], *, endpoint: str) -> int:
    """How many limits were deleted: one or none. From then on a request of the
    endpoint is an error.
    """
    return _affected(conn, _sql["delete"], {"endpoint": endpoint})
