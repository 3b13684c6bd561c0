# ruff: noqa: A001 (a query is named for what it does)

"""Tokens of services and of users' own programs. store.token(secret) checks one and
enters what it may.

Generated from sql/queries/identity/api_tokens.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.identity.api_tokens import ApiToken, CheckedToken, IssueRow, RotateRow
from renderstore.identity.enums import TokenRole

_sql = _load("identity", "api_tokens")


async def issue(
    conn: _AsyncConnection[object],
    *,
    name: str,
    roles: builtins.list[TokenRole],
    user_id: UUID | None = None,
    service: str | None = None,
    for_user_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> IssueRow:
    """The id of a new token and, this once, its secret."""
    return await _one(
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


async def rotate(conn: _AsyncConnection[object], *, id: UUID) -> RotateRow:
    """The new secret of a token, shown this once; the old one ceases to work."""
    return await _one(conn, _sql["rotate"], {"id": id}, RotateRow)


async def get_by_hash(
    conn: _AsyncConnection[object], *, token_hash: bytes
) -> CheckedToken:
    """Whose token this is, once a node has checked what it may do."""
    return await _one(
        conn, _sql["get_by_hash"], {"token_hash": token_hash}, CheckedToken
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> ApiToken:
    """The token with this id, without its secret."""
    return await _one(conn, _sql["get"], {"id": id}, ApiToken)


async def list(
    conn: _AsyncConnection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[ApiToken]:
    """A page of the tokens that the caller may see, in the order in which they were
    issued.
    """
    return await _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, ApiToken
    )


async def list_for_user(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ApiToken]:
    """A page of a user's tokens in the order in which they were issued."""
    return await _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        ApiToken,
    )


async def rename(conn: _AsyncConnection[object], *, id: UUID, name: str) -> ApiToken:
    """The token under the new name."""
    return await _one(conn, _sql["rename"], {"id": id, "name": name}, ApiToken)


async def revoke(conn: _AsyncConnection[object], *, id: UUID) -> ApiToken:
    """The token, which works no more."""
    return await _one(conn, _sql["revoke"], {"id": id}, ApiToken)
