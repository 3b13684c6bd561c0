"""What concerns the media portal as a whole.

Generated from sql/queries/media/area.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore.media.area import ListProblemsRow

_sql = _load("media", "area")


async def list_problems(
    conn: _AsyncConnection[object], *, page_size: int
) -> list[ListProblemsRow]:
    """Whatever disagrees between requests, counts and files: nothing, or a defect.
    Reads everything.
    """
    return await _many(
        conn, _sql["list_problems"], {"page_size": page_size}, ListProblemsRow
    )
