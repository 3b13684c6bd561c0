"""What each user uses of the plan.

Generated from sql/queries/work/usages.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import one as _one
from renderstore.work.usages import GetRow

_sql = _load("work", "usages")


async def get(conn: _AsyncConnection[object], *, user_id: UUID) -> GetRow:
    """What a user uses, beside what the plan allows; a limit that is null is none.
    Refused where the user does not live.
    """
    return await _one(conn, _sql["get"], {"user_id": user_id}, GetRow)
