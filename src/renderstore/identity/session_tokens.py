"""Sessions that we issue ourselves, to Plex users for one.

Generated from sql/queries/identity/session_tokens.sql by `just generate`; do not
edit.
"""

from dataclasses import field as _field
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import value as _value
from renderstore.identity.enums import UserRole

_sql = _load("identity", "session_tokens")


@_row
class IssueRow:
    """What issue gives."""

    secret: str = _field(repr=False)


@_row
class CheckRow:
    """What check gives."""

    id: UUID
    user_id: UUID
    role: UserRole
    expires_at: datetime


@_row
class SessionToken:
    """What list_for_user and extend give."""

    id: UUID
    user_id: UUID
    last_used_at: datetime | None
    created_at: datetime
    expires_at: datetime


def issue(conn: _Connection[object], *, user_id: UUID, lifetime: timedelta) -> IssueRow:
    """The secret of a new session, shown this once."""
    return _one(
        conn, _sql["issue"], {"user_id": user_id, "lifetime": lifetime}, IssueRow
    )


def check(conn: _Connection[object], *, token_hash: bytes) -> CheckRow:
    """The active user to whom a live session belongs; its use is noted at most once a
    minute, and not where the transaction
    only reads.
    """
    return _one(conn, _sql["check"], {"token_hash": token_hash}, CheckRow)


def list_for_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[SessionToken]:
    """A page of a user's sessions in the order in which they were issued."""
    return _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        SessionToken,
    )


def extend(
    conn: _Connection[object], *, token_hash: bytes, lifetime: timedelta
) -> SessionToken:
    """The live session of an active user, which now ends after this lifetime from now."""
    return _one(
        conn,
        _sql["extend"],
        {"token_hash": token_hash, "lifetime": lifetime},
        SessionToken,
    )


def delete(conn: _Connection[object], *, id: UUID) -> int:
    """How many sessions were ended: one or none."""
    value: int = _value(conn, _sql["delete"], {"id": id})
    return value


def delete_by_hash(conn: _Connection[object], *, token_hash: bytes) -> int:
    """How many sessions were ended by whoever holds the token: one or none."""
    return _affected(conn, _sql["delete_by_hash"], {"token_hash": token_hash})


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
