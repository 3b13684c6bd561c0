# ruff: noqa: A001 (a query is named for what it does)

"""What users should hear of. Whoever delivers claims a batch, sends, confirms.

Generated from sql/queries/ops/notices.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value

_sql = _load("ops", "notices")


@_row
class Notice:
    """What list and list_unread give."""

    id: UUID
    topic: str
    subject_id: UUID | None
    body: Json
    created_at: datetime
    sent_at: datetime | None
    read_at: datetime | None


@_row
class DueNotice:
    """What claim gives."""

    user_id: UUID
    id: UUID
    topic: str
    subject_id: UUID | None
    body: Json
    tries: int
    created_at: datetime
    email: str | None
    name: str | None
    slack_id: str | None


def list(
    conn: _Connection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Notice]:
    """A page of the acting user's notices, newest first, before the one with this id
    (null for the first page).
    """
    return _many(
        conn, _sql["list"], {"before_id": before_id, "page_size": page_size}, Notice
    )


def list_unread(
    conn: _Connection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[Notice]:
    """The same of those that the user has not read."""
    return _many(
        conn,
        _sql["list_unread"],
        {"before_id": before_id, "page_size": page_size},
        Notice,
    )


def count_unread(conn: _Connection[object]) -> int:
    """How many notices the acting user has not read, 100 at most."""
    value: int = _value(conn, _sql["count_unread"], {})
    return value


def mark_read(
    conn: _Connection[object],
    *,
    ids: builtins.list[UUID] | None = None,
    user_id: UUID | None = None,
) -> int:
    """How many of these notices, or of all, the user has read now and had not before."""
    value: int = _value(conn, _sql["mark_read"], {"ids": ids, "user_id": user_id})
    return value


def claim(
    conn: _Connection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[DueNotice]:
    """Up to limit notices to deliver, for as long as the lease, each with where its
    user is reached. The id is the same at every delivery.
    """
    return _many(conn, _sql["claim"], {"limit": limit, "lease": lease}, DueNotice)


def confirm(
    conn: _Connection[object],
    *,
    user_ids: builtins.list[UUID],
    ids: builtins.list[UUID],
) -> int:
    """How many claimed notices are delivered now; a second time it is 0."""
    value: int = _value(conn, _sql["confirm"], {"user_ids": user_ids, "ids": ids})
    return value


def fail(conn: _Connection[object], *, user_id: UUID, id: UUID, message: str) -> int:
    """A notice could not be delivered: it is tried again later, at most a day."""
    return _affected(
        conn, _sql["fail"], {"user_id": user_id, "id": id, "message": message}
    )
