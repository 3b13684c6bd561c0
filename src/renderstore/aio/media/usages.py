"""What each user has asked of the media portal.

Generated from sql/queries/media/usages.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import one as _one
from renderstore.media.usages import GetRow

_sql = _load("media", "usages")


async def get(conn: _AsyncConnection[object], *, user_id: UUID) -> GetRow:
    """What a user has asked for, beside what the plan allows; a limit that is null is
    none. Refused where the user does not live.
    """
    return await _one(conn, _sql["get"], {"user_id": user_id}, GetRow)
