"""Sessions that we issue ourselves, to Plex users for one.

Generated from sql/queries/identity/session_tokens.sql by `just generate`; do not
edit.
"""

from datetime import timedelta
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import value as _value
from renderstore.identity.session_tokens import CheckRow, IssueRow, SessionToken

_sql = _load("identity", "session_tokens")


async def issue(
    conn: _AsyncConnection[object], *, user_id: UUID, lifetime: timedelta
) -> IssueRow:
    """The secret of a new session, shown this once."""
    return await _one(
        conn, _sql["issue"], {"user_id": user_id, "lifetime": lifetime}, IssueRow
    )


async def check(conn: _AsyncConnection[object], *, token_hash: bytes) -> CheckRow:
    """The active user to whom a live session belongs; its use is noted at most once a
    minute, and not where the transaction
    only reads.
    """
    return await _one(conn, _sql["check"], {"token_hash": token_hash}, CheckRow)


async def list_for_user(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[SessionToken]:
    """A page of a user's sessions in the order in which they were issued."""
    return await _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        SessionToken,
    )


async def extend(
    conn: _AsyncConnection[object], *, token_hash: bytes, lifetime: timedelta
) -> SessionToken:
    """The live session of an active user, which now ends after this lifetime from now."""
    return await _one(
        conn,
        _sql["extend"],
        {"token_hash": token_hash, "lifetime": lifetime},
        SessionToken,
    )


async def delete(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """How many sessions were ended: one or none."""
    value: int = await _value(conn, _sql["delete"], {"id": id})
    return value


async def delete_by_hash(conn: _AsyncConnection[object], *, token_hash: bytes) -> int:
    """How many sessions were ended by whoever holds the token: one or none."""
    return await _affected(conn, _sql["delete_by_hash"], {"token_hash": token_hash})


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
