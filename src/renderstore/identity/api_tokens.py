# ruff: noqa: A001 (a query is named for what it does)

"""Tokens of services and of users' own programs. store.token(secret) checks one and
enters what it may.

Generated from sql/queries/identity/api_tokens.sql by `just generate`; do not edit.
"""

import builtins
from dataclasses import field as _field
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore.identity.enums import TokenRole

_sql = _load("identity", "api_tokens")


@_row
class IssueRow:
    """What issue gives."""

    id: UUID
    secret: str = _field(repr=False)


@_row
class RotateRow:
    """What rotate gives."""

    secret: str = _field(repr=False)


@_row
class CheckedToken:
    """What get_by_hash gives."""

    id: UUID
    for_user_id: UUID | None


@_row
class ApiToken:
    """What get, list, list_for_user, rename and revoke give."""

    id: UUID
    user_id: UUID | None
    service: str | None
    for_user_id: UUID | None
    name: str
    prefix: str
    roles: builtins.list[TokenRole]
    last_used_at: datetime | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def issue(
    conn: _Connection[object],
    *,
    name: str,
    roles: builtins.list[TokenRole],
    user_id: UUID | None = None,
    service: str | None = None,
    for_user_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> IssueRow:
    """The id of a new token and, this once, its secret."""
    return _one(
        conn,
        _sql["issue"],
        {
            "name": name,
            "roles": roles,
            "user_id": user_id,
            "service": service,
            "for_user_id": for_user_id,
            "expires_at": expires_at,
        },
        IssueRow,
    )


def rotate(conn: _Connection[object], *, id: UUID) -> RotateRow:
    """The new secret of a token, shown this once; the old one ceases to work."""
    return _one(conn, _sql["rotate"], {"id": id}, RotateRow)


def get_by_hash(conn: _Connection[object], *, token_hash: bytes) -> CheckedToken:
    """Whose token this is, once a node has checked what it may do."""
    return _one(conn, _sql["get_by_hash"], {"token_hash": token_hash}, CheckedToken)


def get(conn: _Connection[object], *, id: UUID) -> ApiToken:
    """The token with this id, without its secret."""
    return _one(conn, _sql["get"], {"id": id}, ApiToken)


def list(
    conn: _Connection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[ApiToken]:
    """A page of the tokens that the caller may see, in the order in which they were
    issued.
    """
    return _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, ApiToken
    )


def list_for_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ApiToken]:
    """A page of a user's tokens in the order in which they were issued."""
    return _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        ApiToken,
    )


def rename(conn: _Connection[object], *, id: UUID, name: str) -> ApiToken:
    """The token under the new name."""
    return _one(conn, _sql["rename"], {"id": id, "name": name}, ApiToken)


def revoke(conn: _Connection[object], *, id: UUID) -> ApiToken:
    """The token, which works no more."""
    return _one(conn, _sql["revoke"], {"id": id}, ApiToken)
