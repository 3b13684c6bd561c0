# ruff: noqa: A001 (a query is named for what it does)

"""People: created by an administrator or a sign-in, changed by themselves, ended by an
administrator.

Generated from sql/queries/identity/users.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._run import affected as _affected
from renderstore._run import many as _many
from renderstore._run import one as _one
from renderstore._run import optional as _optional
from renderstore._run import value as _value
from renderstore.identity.enums import UserRole, UserStatus

_sql = _load("identity", "users")


@_row
class User:
    """What create, get, find_by_email, list, rename, set_role and set_status give."""

    id: UUID
    role: UserRole
    status: UserStatus
    email: str | None
    name: str | None
    created_at: datetime
    updated_at: datetime


def create(
    conn: _Connection[object],
    *,
    email: str | None = None,
    name: str | None = None,
    role: UserRole,
) -> User:
    """The user just created."""
    return _one(
        conn, _sql["create"], {"email": email, "name": name, "role": role}, User
    )


def get(conn: _Connection[object], *, id: UUID) -> User:
    """The user with this id."""
    return _one(conn, _sql["get"], {"id": id}, User)


def find_by_email(conn: _Connection[object], *, email: str) -> User | None:
    """The user with this e-mail address, in whatever case; nobody who was deactivated."""
    return _optional(conn, _sql["find_by_email"], {"email": email}, User)


def list(
    conn: _Connection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[User]:
    """A page of users in the order of their creation."""
    return _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, User
    )


def count(conn: _Connection[object]) -> int:
    """How many users there are, deactivated ones included."""
    value: int = _value(conn, _sql["count"], {})
    return value


def rename(conn: _Connection[object], *, id: UUID, name: str | None) -> User:
    """The user under the new name."""
    return _one(conn, _sql["rename"], {"id": id, "name": name}, User)


def set_role(conn: _Connection[object], *, id: UUID, role: UserRole) -> User:
    """The user in the new role."""
    return _one(conn, _sql["set_role"], {"id": id, "role": role}, User)


def set_status(conn: _Connection[object], *, id: UUID, status: UserStatus) -> User:
    """The user in the new status."""
    return _one(conn, _sql["set_status"], {"id": id, "status": status}, User)


def erase(conn: _Connection[object], *, id: UUID) -> int:
    """How many users were erased, with everything they own: one or none."""
    return _affected(conn, _sql["erase"], {"id": id})
