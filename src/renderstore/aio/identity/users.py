# ruff: noqa: A001 (a query is named for what it does)

"""People: created by an administrator or a sign-in, changed by themselves, ended by an
administrator.

Generated from sql/queries/identity/users.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._arun import affected as _affected
from renderstore._arun import many as _many
from renderstore._arun import one as _one
from renderstore._arun import optional as _optional
from renderstore._arun import value as _value
from renderstore._queries import load as _load
from renderstore.identity.enums import UserRole, UserStatus
from renderstore.identity.users import User

_sql = _load("identity", "users")


async def create(
    conn: _AsyncConnection[object],
    *,
    email: str | None = None,
    name: str | None = None,
    role: UserRole,
) -> User:
    """The user just created."""
    return await _one(
        conn, _sql["create"], {"email": email, "name": name, "role": role}, User
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> User:
    """The user with this id."""
    return await _one(conn, _sql["get"], {"id": id}, User)


async def find_by_email(conn: _AsyncConnection[object], *, email: str) -> User | None:
    """The user with this e-mail address, in whatever case; nobody who was deactivated."""
    return await _optional(conn, _sql["find_by_email"], {"email": email}, User)


async def list(
    conn: _AsyncConnection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[User]:
    """A page of users in the order of their creation."""
    return await _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, User
    )


async def count(conn: _AsyncConnection[object]) -> int:
    """How many users there are, deactivated ones included."""
    value: int = await _value(conn, _sql["count"], {})
    return value


async def rename(conn: _AsyncConnection[object], *, id: UUID, name: str | None) -> User:
    """The user under the new name."""
    return await _one(conn, _sql["rename"], {"id": id, "name": name}, User)


async def set_role(conn: _AsyncConnection[object], *, id: UUID, role: UserRole) -> User:
    """The user in the new role."""
    return await _one(conn, _sql["set_role"], {"id": id, "role": role}, User)


async def set_status(
    conn: _AsyncConnection[object], *, id: UUID, status: UserStatus
) -> User:
    """The user in the new status."""
    return await _one(conn, _sql["set_status"], {"id": id, "status": status}, User)


async def erase(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """How many users were erased, with everything they own: one or none."""
    return await _affected(conn, _sql["erase"], {"id": id})
