# ruff: noqa: A001 (a query is named for what it does)

"""What users should hear of. Whoever delivers claims a batch, sends, confirms.

Generated from sql/queries/ops/notices.sql by `just generate`; do not edit.
"""

import builtins
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.ops.notices import DueNotice, Notice

_sql = _load("ops", "notices")


async def list(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Notice]:
    """A page of the acting user's notices, newest first, before the one with this id
    (null for the first page).
    """
    return await _many(
        conn, _sql["list"], {"before_id": before_id, "page_size": page_size}, Notice
    )


async def list_unread(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Notice]:
    """The same of those that the user has not read."""
    return await _many(
        conn,
        _sql["list_unread"],
        {"before_id": before_id, "page_size": page_size},
        Notice,
    )


async def count_unread(conn: _AsyncConnection[object]) -> int:
    """How many notices the acting user has not read, 100 at most."""
    value: int = await _value(conn, _sql["count_unread"], {})
    return value


async def mark_read(
    conn: _AsyncConnection[object],
    *,
    ids: builtins.list[UUID] | None = None,
    user_id: UUID | None = None,
) -> int:
    """How many of these notices, or of all, the user has read now and had not before."""
    value: int = await _value(conn, _sql["mark_read"], {"ids": ids, "user_id": user_id})
    return value


async def claim(
    conn: _AsyncConnection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[DueNotice]:
    """Up to limit notices to deliver, for as long as the lease, each with where its
    user is reached. The id is the same at every delivery.
    """
    return await _many(conn, _sql["claim"], {"limit": limit, "lease": lease}, DueNotice)


async def confirm(
    conn: _AsyncConnection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
) -> int:
    """How many claimed notices are delivered now; a second time it is 0."""
    value: int = await _value(conn, _sql["confirm"], {"user_ids": user_ids, "ids": ids})
    return value


async def fail(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, message: str
) -> int:
    """A notice could not be delivered: it is tried again later, at most a day."""
    return await _affected(
        conn, _sql["fail"], {"user_id": user_id, "id": id, "message": message}
    )
