"""What concerns the studio as a whole.

Generated from sql/queries/studio/area.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore.studio.area import ListProblemsRow

_sql = _load("studio", "area")


async def list_problems(
    conn: _AsyncConnection[object], *, page_size: int
) -> list[ListProblemsRow]:
    """Whatever disagrees between counts, positions and rows: nothing, or a defect.
    Reads everything.
    """
    return await _many(
        conn, _sql["list_problems"], {"page_size": page_size}, ListProblemsRow
    )
