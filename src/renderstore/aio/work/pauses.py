# ruff: noqa: A001 (a query is named for what it does)

"""Pauses of the farm or of a label.

Generated from sql/queries/work/pauses.sql by `just generate`; do not edit.
"""

import builtins

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.work.pauses import Pause

_sql = _load("work", "pauses")


async def pause(
    conn: _AsyncConnection[object], *, label: str, reason: str | None
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
    return await _affected(conn, _sql["resume"], {"label": label})
