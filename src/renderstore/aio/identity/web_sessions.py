"""Auth.js's sessions. Auth.js writes them through the views in authjs; people see and
end theirs here.

Generated from sql/queries/identity/web_sessions.sql by `just generate`; do not
edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.identity.web_sessions import WebSession

_sql = _load("identity", "web_sessions")


async def list_for_user(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[WebSession]:
    """A page of a user's sessions in the order in which they began."""
    return await _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        WebSession,
    )


async def delete(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """How many sessions were ended: one or none."""
    value: int = await _value(conn, _sql["delete"], {"id": id})
    return value


async def delete_for_user(
    conn: _AsyncConnection[object], *, user_id: UUID, except_id: UUID | None = None
) -> int:
    """How many of a user's sessions were ended: all, or all but this one.
    Without a limit, since whoever signs out everywhere must be out everywhere.
    """
    value: int = await _value(
        conn, _sql["delete_for_user"], {"user_id": user_id, "except_id": except_id}
    )
    return value
