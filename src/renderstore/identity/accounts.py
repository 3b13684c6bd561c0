"""Accounts at sign-in providers. Auth.js writes them through the views in authjs.

Generated from sql/queries/identity/accounts.sql by `just generate`; do not edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional

_sql = _load("identity", "accounts")


@_row
class Account:
    """What link, find and list_for_user give."""

    id: UUID
    user_id: UUID
    type: str
    provider: str
    provider_account_id: str
    created_at: datetime


def link(
    conn: _Connection[object],
    *,
    user_id: UUID,
    type: str,
    provider: str,
    provider_account_id: str,
) -> Account:
    """The account just linked to an active user."""
    return _one(
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


def find(
    conn: _Connection[object], *, provider: str, provider_account_id: str
) -> Account | None:
    """The account with this id at the provider, Google's subject for one."""
    return _optional(
        conn,
        _sql["find"],
        {"provider": provider, "provider_account_id": provider_account_id},
        Account,
    )


def list_for_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[Account]:
    """A page of a user's accounts in the order in which they were linked."""
    return _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        Account,
    )


def unlink(
    conn: _Connection[object], *, provider: str, provider_account_id: str
) -> int:
    """How many accounts were unlinked: one or none."""
    return _affected(
        conn,
        _sql["unlink"],
        {"provider": provider, "provider_account_id": provider_account_id},
    )
