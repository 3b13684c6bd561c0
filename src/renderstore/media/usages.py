"""What each user has asked of the media portal.

Generated from sql/queries/media/usages.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import one as _one

_sql = _load("media", "usages")


@_row
class GetRow:
    """What get gives."""

    user_id: UUID
    open_requests: int
    daily_requests: int
    daily_downloads: int
    max_open_requests: int | None
    max_daily_requests: int | None
    max_daily_downloads: int | None


def get(conn: _Connection[object], *, user_id: UUID) -> GetRow:
    """What a user has asked for, beside what the plan allows; a limit that is null is
    none. Refused where the user does not live.
    """
    return _one(conn, _sql["get"], {"user_id": user_id}, GetRow)
