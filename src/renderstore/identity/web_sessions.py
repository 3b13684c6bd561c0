"""Auth.js's sessions. Auth.js writes them through the views in authjs; people see and
end theirs here.

Generated from sql/queries/identity/web_sessions.sql by `just generate`; do not
edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value

_sql = _load("identity", "web_sessions")


@_row
class WebSession:
    """What list_for_user gives."""

    id: UUID
    user_id: UUID
    created_at: datetime
    expires_at: datetime


def list_for_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[WebSession]:
    """A page of a user's sessions in the order in which they began."""
    return _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        WebSession,
    )


def delete(conn: _Connection[object], *, id: UUID) -> int:
    """How many sessions were ended: one or none."""
    value: int = _value(conn, _sql["delete"], {"id": id})
    return value


def delete_for_user(
    conn: _Connection[object], *, user_id: UUID, except_id: UUID | None = None
) -> int:
    """How many of a user's sessions were ended: all, or all but this one.
    Without a limit, since whoever signs out everywhere must be out everywhere.
    """
    value: int = _value(
        conn, _sql["delete_for_user"], {"user_id": user_id, "except_id": except_id}
    )
    return value
