# ruff: noqa: A001 (a query is named for what it does)

"""Pauses of the farm or of a label.

Generated from sql/queries/work/pauses.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import value as _value
from renderstore.work.pauses import Pause

_sql = _load("work", "pauses")


async def pause(
    conn: _AsyncConnection[object], *, label: str, reason: str | None = None
) -> Pause:
    """The pause of a label's jobs, or of the whole farm where the label is empty."""
    return await _one(conn, _sql["pause"], {"label": label, "reason": reason}, Pause)


async def list(
    conn: _AsyncConnection[object], *, after_label: str, page_size: int
) -> builtins.list[Pause]:
    """A page of the pauses in force."""
    return await _many(
        conn, _sql["list"], {"after_label": after_label, "page_size": page_size}, Pause
    )


async def resume(conn: _AsyncConnection[object], *, label: str) -> int:
    """How many pauses were ended: one or none; the empty label is the farm."""
    value: int = await _value(conn, _sql["resume"], {"label": label})
    return value


async def pause_user(
    conn: _AsyncConnection[object], *, user_id: UUID, reason: str | None = None
) -> int:
    """Hands out none of a user's jobs from now on, running ones go on; how many left
    the line.
    """
    value: int = await _value(
        conn, _sql["pause_user"], {"user_id": user_id, "reason": reason}
    )
    return value


async def resume_user(conn: _AsyncConnection[object], *, user_id: UUID) -> int:
    """Hands out a user's jobs again; how many entered the line."""
    value: int = await _value(conn, _sql["resume_user"], {"user_id": user_id})
    return value
