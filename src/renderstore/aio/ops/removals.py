# ruff: noqa: A001 (a query is named for what it does)

"""Files that must be removed. A janitor claims a batch, deletes, confirms.

Generated from sql/queries/ops/removals.sql by `just generate`; do not edit.
"""

import builtins
from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.ops.removals import ListedRemoval, Removal

_sql = _load("ops", "removals")


async def claim(
    conn: _AsyncConnection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[Removal]:
    """Up to limit files that are to be removed, for as long as the lease; from now on
    they cannot be kept again.
    """
    return await _many(conn, _sql["claim"], {"limit": limit, "lease": lease}, Removal)


async def confirm(
    conn: _AsyncConnection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
) -> int:
    """How many claimed files are removed now; a second time it is 0."""
    value: int = await _value(conn, _sql["confirm"], {"user_ids": user_ids, "ids": ids})
    return value


async def fail(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, message: str
) -> int:
    """A file could not be removed: it is tried again later, at most a day."""
    return await _affected(
        conn, _sql["fail"], {"user_id": user_id, "id": id, "message": message}
    )


async def list(
    conn: _AsyncConnection[object],
    *,
    after_user_id: UUID | None = None,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedRemoval]:
    """A page of what is to be removed, whosever it is, for who sees every row."""
    return await _many(
        conn,
        _sql["list"],
        {"after_user_id": after_user_id, "after_id": after_id, "page_size": page_size},
        ListedRemoval,
    )


async def queue_stray(
    conn: _AsyncConnection[object], *, uri: str, size_bytes: int
) -> bool:
    """Whether a file that was found without an asset is to be removed now; an
    administrator's.
    """
    value: bool = await _value(
        conn, _sql["queue_stray"], {"uri": uri, "size_bytes": size_bytes}
    )
    return value
