"""Calls that are wrong: both type checkers must refuse every marked line.

Where one of them took a line, its `type: ignore` would be unnecessary, and both are told
to call that an error.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from uuid import UUID

from psycopg import AsyncConnection, Connection

from renderstore import aio, identity
from renderstore.identity import TokenRole, UserRole
from renderstore.identity.users import User
from renderstore.store import Store, SyncScope


def arguments(conn: Connection, id: UUID) -> None:
    identity.users.get(conn, id="a text")  # type: ignore[arg-type]
    identity.users.get(conn, id)  # type: ignore[call-arg]
    identity.users.get(conn, ident=id)  # type: ignore[call-arg]
    identity.users.get(conn)  # type: ignore[call-arg]
    identity.users.get(id=id)  # type: ignore[call-arg]
    identity.users.get(conn, id=None)  # type: ignore[arg-type]
    identity.users.list(conn, after_id=1, page_size=5)  # type: ignore[arg-type]
    identity.users.list(conn)  # type: ignore[call-arg]
    identity.users.find_by_email(conn, email=None)  # type: ignore[arg-type]
    identity.users.set_role(conn, id=id, role="admin")  # type: ignore[arg-type]
    identity.api_tokens.issue(conn, name="a", roles=["app"])  # type: ignore[list-item]
    identity.api_tokens.issue(conn, name="a", roles=TokenRole.WORKER)  # type: ignore[arg-type]


def results(conn: Connection, id: UUID) -> str:
    print(identity.users.find_by_email(conn, email="a@b.c").name)  # type: ignore[union-attr]
    print(identity.users.get(conn, id=id).password)  # type: ignore[attr-defined]
    count: str = identity.users.count(conn)  # type: ignore[assignment]
    for each in identity.users.get(conn, id=id):  # type: ignore[attr-defined]
        del each
    return identity.users.get(conn, id=id).name or count or 1  # type: ignore[return-value]


def names(conn: Connection) -> None:
    identity.users.cuont(conn)  # type: ignore[attr-defined]
    identity.user.count(conn)  # type: ignore[attr-defined]


def rows(user: User) -> None:
    user.role = UserRole.ADMIN  # type: ignore[misc]
    user.nickname = "a"  # type: ignore[attr-defined]


def mixed_up(conn: Connection, aconn: AsyncConnection) -> None:
    identity.users.count(aconn)  # type: ignore[arg-type]
    print(aio.identity.users.count(conn))  # type: ignore[arg-type]


async def not_awaited(aconn: AsyncConnection, id: UUID) -> None:
    print(aio.identity.users.get(aconn, id=id).name)  # type: ignore[attr-defined]


def in_scopes(store: Store[SyncScope], id: UUID) -> None:
    store.user(id).run(identity.users.get, ident=id)  # type: ignore[call-arg]
    store.user(id).run(identity.users.get, id="a text")  # type: ignore[arg-type]
    store.user(id).run(identity.users.get)  # type: ignore[call-arg]
    print(store.user(id).run(aio.identity.users.count))  # type: ignore[arg-type]
    store.user("a text")  # type: ignore[arg-type]
