"""What jobs' programs say.

Generated from sql/queries/work/logs.sql by `just generate`; do not edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value

_sql = _load("work", "logs")


@_row
class Chunk:
    """What list_after and list_tail give."""

    position: int
    attempt: int
    chunk: str
    written_at: datetime


def append(
    conn: _Connection[object], *, user_id: UUID, job_id: UUID, attempt: int, chunk: str
) -> int:
    """The position reached after appending to the log of a job that the acting worker
    holds. Refused without the current lease.
    """
    value: int = _value(
        conn,
        _sql["append"],
        {"user_id": user_id, "job_id": job_id, "attempt": attempt, "chunk": chunk},
    )
    return value


def list_after(
    conn: _Connection[object], *, job_id: UUID, position: int, page_size: int
) -> list[Chunk]:
    """A page of a job's log from this position on, 0 for its beginning."""
    return _many(
        conn,
        _sql["list_after"],
        {"job_id": job_id, "position": position, "page_size": page_size},
        Chunk,
    )


def list_tail(
    conn: _Connection[object], *, job_id: UUID, page_size: int
) -> list[Chunk]:
    """The last chunks of a job's log, the latest first."""
    return _many(
        conn, _sql["list_tail"], {"job_id": job_id, "page_size": page_size}, Chunk
    )


def get_text(conn: _Connection[object], *, job_id: UUID) -> str:
    """A job's log as one text; empty where it has none."""
    value: str = _value(conn, _sql["get_text"], {"job_id": job_id})
    return value
