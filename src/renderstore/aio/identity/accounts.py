"""Accounts at sign-in providers. Auth.js writes them through the views in authjs.

Generated from sql/queries/identity/accounts.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore.identity.accounts import Account

_sql = _load("identity", "accounts")


async def link(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    type: str,
    provider: str,
    provider_account_id: str,
) -> Account:
    """The account just linked to an active user."""
    return await _one(
        conn,
        _sql["link"],
        {
            "user_id": user_id,
            "type": type,
            "provider": provider,
            "provider_account_id": provider_account_id,
        },
        Account,
    )


async def find(
    conn: _AsyncConnection[object], *, provider: str, provider_account_id: str
) -> Account | None:
    """The account with this id at the provider, Google's subject for one."""
    return await _optional(
        conn,
        _sql["find"],
        {"provider": provider, "provider_account_id": provider_account_id},
        Account,
    )


async def list_for_user(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[Account]:
    """A page of a user's accounts in the order in which they were linked."""
    return await _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        Account,
    )


async def unlink(
    conn: _AsyncConnection[object], *, provider: str, provider_account_id: str
) -> int:
    """How many accounts were unlinked: one or none."""
    return await _affected(
        conn,
        _sql["unlink"],
        {"provider": provider, "provider_account_id": provider_account_id},
    )
