"""What jobs' programs say.

Generated from sql/queries/work/logs.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.work.logs import Chunk

_sql = _load("work", "logs")


async def append(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    job_id: UUID,
    attempt: int,
    chunk: str,
) -> int:
    """The position reached after appending to the log of a job that the acting worker
    holds. Refused without the current lease.
    """
    value: int = await _value(
        conn,
        _sql["append"],
        {"user_id": user_id, "job_id": job_id, "attempt": attempt, "chunk": chunk},
    )
    return value


async def list_after(
    conn: _AsyncConnection[object], *, job_id: UUID, position: int, page_size: int
) -> list[Chunk]:
    """A page of a job's log from this position on, 0 for its beginning."""
    return await _many(
        conn,
        _sql["list_after"],
        {"job_id": job_id, "position": position, "page_size": page_size},
        Chunk,
    )


async def list_tail(
    conn: _AsyncConnection[object], *, job_id: UUID, page_size: int
) -> list[Chunk]:
    """The last chunks of a job's log, the latest first."""
    return await _many(
        conn, _sql["list_tail"], {"job_id": job_id, "page_size": page_size}, Chunk
    )


async def get_text(conn: _AsyncConnection[object], *, job_id: UUID) -> str:
    """A job's log as one text; empty where it has none."""
    value: str = await _value(conn, _sql["get_text"], {"job_id": job_id})
    return value
