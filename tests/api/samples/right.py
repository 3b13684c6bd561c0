"""Calls that are right: both type checkers must take every line."""

from collections.abc import Sequence
from typing import Any, assert_type
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import DictRow, TupleRow

from renderstore import aio, identity
from renderstore.identity import TokenRole, UserRole, UserStatus
from renderstore.identity.users import User
from renderstore.store import AsyncScope, Store, SyncScope


def on_a_plain_connection(conn: Connection, id: UUID) -> None:
    user = identity.users.get(conn, id=id)
    assert_type(user, User)
    assert_type(user.id, UUID)
    assert_type(user.role, UserRole)
    assert_type(user.status, UserStatus)
    assert_type(user.name, str | None)
    assert_type(identity.users.find_by_email(conn, email="a@b.c"), User | None)
    assert_type(identity.users.count(conn), int)
    assert_type(identity.users.erase(conn, id=id), int)


def on_connections_of_other_rows(
    of_dicts: Connection[DictRow],
    of_tuples: Connection[TupleRow],
    of_any: Connection[Any],
) -> int:
    found = identity.users.count(of_dicts) + identity.users.count(of_tuples)
    return found + identity.users.count(of_any)


def page(conn: Connection, after: User | None) -> Sequence[User]:
    if after is None:
        first = identity.users.list(conn, page_size=50)
        assert_type(first, list[User])
        return first
    return identity.users.list(conn, after_id=after.id, page_size=50)


def what_may_be_left_out(conn: Connection, id: UUID) -> str:
    token = identity.api_tokens.issue(conn, name="bravo", roles=[TokenRole.WORKER])
    identity.api_tokens.issue(conn, name="bravo", roles=[], user_id=id)
    return token.secret


def keep(user: User) -> set[User]:
    return {user}


async def for_asyncio(conn: AsyncConnection, id: UUID) -> None:
    user = await aio.identity.users.get(conn, id=id)
    assert_type(user, User)
    assert_type(await aio.identity.users.list(conn, page_size=5), list[User])
    assert_type(
        await aio.identity.users.find_by_email(conn, email="a@b.c"), User | None
    )
    assert_type(await aio.identity.users.erase(conn, id=id), int)


def in_scopes(store: Store[SyncScope], id: UUID) -> None:
    with store.user(id) as conn:
        assert_type(identity.users.get(conn, id=id), User)
    assert_type(store.user(id).run(identity.users.get, id=id), User)
    assert_type(store.user(id).run(identity.users.list, page_size=9), list[User])


async def in_asyncio_scopes(store: Store[AsyncScope], id: UUID) -> None:
    async with store.user(id) as conn:
        assert_type(await aio.identity.users.get(conn, id=id), User)
    assert_type(await store.user(id).run(aio.identity.users.get, id=id), User)
