"""What each user uses of the plan.

Generated from sql/queries/work/usages.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import one as _one
from renderstore.work.usages import GetRow

_sql = _load("work", "usages")


async def get(conn: _AsyncConnection[object], *, user_id: UUID) -> GetRow:
    """What a user uses, beside what the plan allows; a limit that is null is none."""
    return await _one(conn, _sql["get"], {"user_id": user_id}, GetRow)


async def pause(conn: _AsyncConnection[object], *, user_id: UUID) -> int:
    """Hands out none of a user's jobs from now on; running ones go on."""
    return await _affected(conn, _sql["pause"], {"user_id": user_id})


async def resume(conn: _AsyncConnection[object], *, user_id: UUID) -> int:
    """Hands out a user's jobs again."""
    return await _affected(conn, _sql["resume"], {"user_id": user_id})
