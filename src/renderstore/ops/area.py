"""What concerns every room.

Generated from sql/queries/ops/area.sql by `just generate`; do not edit.
"""

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many

_sql = _load("ops", "area")


@_row
class SweptPart:
    """What sweep gives."""

    what: str
    jobs: int
    problem: str | None


def sweep(
    conn: _Connection[object],
    *,
    max_rows: int | None = None,
    only_urgent: bool | None = None,
) -> list[SweptPart]:
    """What was done of all that time asks for, at most max_rows of each part, or of
    what the queue waits for alone; a part that failed says its problem. Once a
    minute, by a worker or an administrator.
    """
    return _many(
        conn,
        _sql["sweep"],
        {"max_rows": max_rows, "only_urgent": only_urgent},
        SweptPart,
    )
