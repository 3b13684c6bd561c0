"""What happened to jobs, to be read on from a position.

Generated from sql/queries/work/events.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore.work.events import ListAfterRow

_sql = _load("work", "events")


async def list_after(
    conn: _AsyncConnection[object], *, after_id: int, page_size: int
) -> list[ListAfterRow]:
    """A page of events after this position (0 for the first), only as far as nothing
    earlier can still come.
    """
    return await _many(
        conn,
        _sql["list_after"],
        {"after_id": after_id, "page_size": page_size},
        ListAfterRow,
    )
