# ruff: noqa: A001 (a query is named for what it does)

"""Pauses of the farm or of a label.

Generated from sql/queries/work/pauses.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import value as _value

_sql = _load("work", "pauses")


@_row
class Pause:
    """What pause and list give."""

    label: str
    reason: str | None
    paused_by: str
    paused_at: datetime


def pause(conn: _Connection[object], *, label: str, reason: str | None = None) -> Pause:
    """The pause of a label's jobs, or of the whole farm where the label is empty."""
    return _one(conn, _sql["pause"], {"label": label, "reason": reason}, Pause)


def list(
    conn: _Connection[object], *, after_label: str, page_size: int
) -> builtins.list[Pause]:
    """A page of the pauses in force."""
    return _many(
        conn, _sql["list"], {"after_label": after_label, "page_size": page_size}, Pause
    )


def resume(conn: _Connection[object], *, label: str) -> int:
    """How many pauses were ended: one or none; the empty label is the farm."""
    value: int = _value(conn, _sql["resume"], {"label": label})
    return value


def pause_user(
    conn: _Connection[object], *, user_id: UUID, reason: str | None = None
) -> int:
    """Hands out none of a user's jobs from now on, running ones go on; how many left
    the line.
    """
    value: int = _value(
        conn, _sql["pause_user"], {"user_id": user_id, "reason": reason}
    )
    return value


def resume_user(conn: _Connection[object], *, user_id: UUID) -> int:
    """Hands out a user's jobs again; how many entered the line."""
    value: int = _value(conn, _sql["resume_user"], {"user_id": user_id})
    return value
