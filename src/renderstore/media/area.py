"""What concerns the media portal as a whole.

Generated from sql/queries/media/area.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many

_sql = _load("media", "area")


@_row
class ListProblemsRow:
    """What list_problems gives."""

    user_id: UUID | None
    id: UUID | None
    problem: str


def list_problems(
    conn: _Connection[object], *, page_size: int
) -> list[ListProblemsRow]:
    """Whatever disagrees between requests, counts and files: nothing, or a defect.
    Reads everything.
    """
    return _many(conn, _sql["list_problems"], {"page_size": page_size}, ListProblemsRow)
