"""What each user uses of the plan in the studio.

Generated from sql/queries/studio/usages.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import one as _one

_sql = _load("studio", "usages")


@_row
class GetRow:
    """What get gives."""

    user_id: UUID
    living_projects: int
    stored_bytes: int
    reserved_bytes: int
    max_projects: int | None
    max_stored_bytes: int | None
    keep_deleted_days: int | None


def get(conn: _Connection[object], *, user_id: UUID) -> GetRow:
    """What a user uses, beside what the plan allows; a limit that is null is none.
    Refused where the user does not live.
    """
    return _one(conn, _sql["get"], {"user_id": user_id}, GetRow)
