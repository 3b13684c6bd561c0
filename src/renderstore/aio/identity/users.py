# ruff: noqa: A001 (a query is named for what it does)

"""People: made and changed by a sign-in or an administrator, ended by an
administrator. Their secrets stand in identity.user_secrets (sign_in.sql reads
them).

Generated from sql/queries/identity/users.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore._scope.aio.run import optional_value as _optional_value
from renderstore._scope.aio.run import value as _value
from renderstore.identity.enums import UserRole
from renderstore.identity.users import User

_sql = _load("identity", "users")


async def create(
    conn: _AsyncConnection[object],
    *,
    email: str | None = None,
    name: str | None = None,
    role: UserRole | None = None,
    plan_id: str | None = None,
    farm_id: int | None = None,
) -> User:
    """The user just created, by an administrator: a plain user on the free plan and
    farm 1 unless said otherwise.
    """
    return await _one(
        conn,
        _sql["create"],
        {
            "email": email,
            "name": name,
            "role": role,
            "plan_id": plan_id,
            "farm_id": farm_id,
        },
        User,
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> User:
    """The user with this id."""
    return await _one(conn, _sql["get"], {"id": id}, User)


async def find_farm(conn: _AsyncConnection[object], *, id: UUID) -> int | None:
    """The number of the farm where this user lives; nothing where there is no such
    user. Any node may be asked.
    """
    value: int | None = await _optional_value(conn, _sql["find_farm"], {"id": id})
    return value


async def find_by_email(conn: _AsyncConnection[object], *, email: str) -> User | None:
    """The user with this e-mail address, in whatever case; nobody who was deactivated."""
    return await _optional(conn, _sql["find_by_email"], {"email": email}, User)


async def find_by_plex_id(
    conn: _AsyncConnection[object], *, plex_id: int
) -> User | None:
    """The user with this Plex id; nobody who was deactivated."""
    return await _optional(conn, _sql["find_by_plex_id"], {"plex_id": plex_id}, User)


async def find_by_slack_id(
    conn: _AsyncConnection[object], *, slack_id: str
) -> User | None:
    """The user with this Slack id; nobody who was deactivated."""
    return await _optional(conn, _sql["find_by_slack_id"], {"slack_id": slack_id}, User)


async def find_by_macos_name(
    conn: _AsyncConnection[object], *, name: str
) -> User | None:
    """The user who logs into a Mac under this name, in whatever case; nobody who was
    deactivated.
    """
    return await _optional(conn, _sql["find_by_macos_name"], {"name": name}, User)


async def list(
    conn: _AsyncConnection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[User]:
    """A page of users in the order of their creation, after the one with this id (null
    for the first page).
    """
    return await _many(
        conn, _sql["list"], {"after_id": after_id, "page_size": page_size}, User
    )


async def list_admins(
    conn: _AsyncConnection[object], *, after_id: UUID | None = None, page_size: int
) -> builtins.list[User]:
    """A page of administrators in the order of their creation."""
    return await _many(
        conn, _sql["list_admins"], {"after_id": after_id, "page_size": page_size}, User
    )


async def search(
    conn: _AsyncConnection[object],
    *,
    prefix: str,
    after_email: str | None = None,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[User]:
    """A page of users whose e-mail address begins so, in whatever case, ordered by
    address, after the last
    page's last address and id (null for the first page); deactivated ones included.
    """
    return await _many(
        conn,
        _sql["search"],
        {
            "prefix": prefix,
            "after_email": after_email,
            "after_id": after_id,
            "page_size": page_size,
        },
        User,
    )


async def count(conn: _AsyncConnection[object]) -> int:
    """How many users there are, deactivated ones included."""
    value: int = await _value(conn, _sql["count"], {})
    return value


async def update_profile(
    conn: _AsyncConnection[object], *, id: UUID, name: str | None, image: str | None
) -> User:
    """The user under the new name and picture, set by sign-in or an administrator: a
    user's own transaction holds no
    row that an administrator ends.
    """
    return await _one(
        conn, _sql["update_profile"], {"id": id, "name": name, "image": image}, User
    )


async def set_contact(
    conn: _AsyncConnection[object], *, id: UUID, email: str | None, slack_id: str | None
) -> User:
    """The user with the new e-mail address and Slack id, set by an administrator."""
    return await _one(
        conn,
        _sql["set_contact"],
        {"id": id, "email": email, "slack_id": slack_id},
        User,
    )


async def set_role(conn: _AsyncConnection[object], *, id: UUID, role: UserRole) -> User:
    """The user in the new role."""
    return await _one(conn, _sql["set_role"], {"id": id, "role": role}, User)


async def set_plan(conn: _AsyncConnection[object], *, id: UUID, plan_id: str) -> User:
    """The user on the new plan."""
    return await _one(conn, _sql["set_plan"], {"id": id, "plan_id": plan_id}, User)


async def suspend(conn: _AsyncConnection[object], *, id: UUID) -> User:
    """The user, refused from now on until reactivated."""
    return await _one(conn, _sql["suspend"], {"id": id}, User)


async def deactivate(conn: _AsyncConnection[object], *, id: UUID) -> User:
    """The user, given up: sessions, tokens and waiting jobs are void, unique names are
    free again. It waits for nothing
    of theirs: identity.sweep and work.sweep clear the rest.
    """
    return await _one(conn, _sql["deactivate"], {"id": id}, User)


async def reactivate(conn: _AsyncConnection[object], *, id: UUID) -> User:
    """The user, active again; refused where somebody else has taken a unique name
    since.
    """
    return await _one(conn, _sql["reactivate"], {"id": id}, User)


async def erase(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """How many users were erased: one or none. What they own ends at once, or with the
    next identity.sweep where somebody
    holds a row of it.
    """
    return await _affected(conn, _sql["erase"], {"id": id})
