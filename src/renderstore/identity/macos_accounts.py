"""The names under which people log into their Macs. An administrator adds and removes
them. identity.users.find_by_macos_name finds the user of one.

Generated from sql/queries/identity/macos_accounts.sql by `just generate`; do not
edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one

_sql = _load("identity", "macos_accounts")


@_row
class MacosAccount:
    """What create and list_for_user give."""

    id: UUID
    user_id: UUID
    name: str
    created_at: datetime


def create(conn: _Connection[object], *, user_id: UUID, name: str) -> MacosAccount:
    """The macOS account name just added, in lower case; a deactivated user's is free.
    The names are counted, so that one is free before it is taken.
    """
    return _one(conn, _sql["create"], {"user_id": user_id, "name": name}, MacosAccount)


def list_for_user(
    conn: _Connection[object],
    *,
    user_id: UUID,
    after_id: UUID | None = None,
    page_size: int,
) -> list[MacosAccount]:
    """A page of a user's macOS account names in the order in which they were added."""
    return _many(
        conn,
        _sql["list_for_user"],
        {"user_id": user_id, "after_id": after_id, "page_size": page_size},
        MacosAccount,
    )


def delete(conn: _Connection[object], *, name: str) -> int:
    """How many names were removed: one or none."""
    return _affected(conn, _sql["delete"], {"name": name})
