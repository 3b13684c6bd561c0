"""What concerns every room.

Generated from sql/queries/ops/area.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore.ops.area import SweptPart

_sql = _load("ops", "area")


async def sweep(
    conn: _AsyncConnection[object],
    *,
    max_rows: int | None = None,
    only_urgent: bool | None = None,
) -> list[SweptPart]:
    """What was done of all that time asks for, at most max_rows of each part, or of
    what the queue waits for alone; a part that failed says its problem. Once a
    minute, by a worker or an administrator.
    """
    return await _many(
        conn,
        _sql["sweep"],
        {"max_rows": max_rows, "only_urgent": only_urgent},
        SweptPart,
    )
