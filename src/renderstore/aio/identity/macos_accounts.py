"""The names under which people log into their Macs. An administrator adds and removes
them. identity.users.find_by_macos_name finds the user of one.

Generated from sql/queries/identity/macos_accounts.sql by `just generate`; do not
edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.identity.macos_accounts import MacosAccount

_sql = _load("identity", "macos_accounts")


async def create(
    conn: _AsyncConnection[object], *, user_id: UUID, name: str
) -> MacosAccount:
    """The macOS account name just added, in lower case; a deactivated user's is free.
    The names are counted, so that one is free before it is taken.
    """
    return await _one(
        conn, _sql["create"], {"user_id": user_id, "name": name}, MacosAccount
    )


async def list_for_user(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[MacosAccount]:
    """A page of a user's macOS account names in the order in which they were added."""
    return await _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        MacosAccount,
    )


async def delete(conn: _AsyncConnection[object], *, name: str) -> int:
    """How many names were removed: one or none."""
    return await _affected(conn, _sql["delete"], {"name": name})
