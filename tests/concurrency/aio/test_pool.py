"""What many callers get from few connections, while servers stop."""

from __future__ import annotations

from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.types.string import TextLoader
from tests.colours.aio import all_at_once, elsewhere

from renderstore import errors
from renderstore._scope.aio import store as stores
from renderstore._scope.aio.bound import cursor
from renderstore._scope.aio.colour import sleep
from renderstore._scope.aio.connection import AsyncScopedConnection
from renderstore.aio.identity import plans
from renderstore.identity import UserStatus
from renderstore.server import THROW_AWAY, Cluster
from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.testing.servers import Server

WHO = b"select current_setting('renderstore.user_id'), pg_backend_pid()"


async def who(conn: AsyncConnection[Any]) -> Any:
    return await (await cursor(conn).execute(WHO)).fetchone()


async def test_two_hundred_callers_share_twenty_connections(
    database: Database, is_plain: bool
) -> None:
    backends: set[int] = set()
    async with aconnect(database.url, timeout=300, plain=is_plain) as store:

        async def act(number: int) -> None:
            user = UUID(int=number + 1)
            for _ in range(5):
                bound, pid = await store.user(user).run(who)
                assert bound == str(user)
                backends.add(pid)
                async with store.user(user) as conn:
                    assert (await who(conn))[0] == str(user)
                    await conn.execute("select pg_sleep(0.001)")

        assert await all_at_once(200, act) == []
    assert 1 < len(backends) <= 20


async def test_an_exhausted_pool_says_what_to_change(database: Database) -> None:
    async with (
        aconnect(database.url, size=1, timeout=0.2) as store,
        store.auth() as conn,
    ):
        await conn.execute("select 1")
        with pytest.raises(
            errors.PoolExhausted, match=r"All 1 connections .* 0\.2 seconds"
        ) as caught:
            await store.auth().run(who)
        assert "size" in caught.value.sentence


async def test_an_unreachable_server_is_one_clear_error() -> None:
    url = "postgresql://web:s3cret@127.0.0.1:1/farm"
    async with aconnect(url, timeout=0.5) as store:
        for _ in range(2):
            with pytest.raises(errors.Unreachable) as caught:
                await store.auth().run(who)
            for part in ("127.0.0.1", "port 1", "'farm'", "'web'", "refused"):
                assert part in caught.value.sentence
            assert "s3cret" not in repr(caught.value) + str(caught.value.__cause__)
            assert isinstance(caught.value.__cause__, psycopg.OperationalError)


async def test_a_database_that_does_not_exist_is_not_waited_for(
    renderstore_server: Server,
) -> None:
    url = renderstore_server.url("nowhere", renderstore_server.worker)
    async with aconnect(url, timeout=86_400) as store:
        for _ in range(2):
            with pytest.raises(errors.Unreachable, match='"nowhere" does not exist'):
                await store.auth().run(who)


async def test_a_database_that_appears_later_is_found(
    renderstore_server: Server,
) -> None:
    database = renderstore_server.clone()
    renderstore_server.drop(database)
    async with aconnect(database.url) as store:
        with pytest.raises(errors.Unreachable):
            await store.auth().run(who)
        with renderstore_server.admin() as admin:
            admin.execute(
                f'create database "{database.name}" template "{renderstore_server.template}"'.encode()
            )
        try:
            assert (await store.auth().run(who))[0] == ""
        finally:
            renderstore_server.drop(database)


async def test_a_server_restart_under_load_costs_each_caller_one_error_at_most(
    restartable: tuple[Cluster, Database], is_plain: bool
) -> None:
    cluster, database = restartable
    over: list[bool] = []
    failures: dict[int, list[Exception]] = {number: [] for number in range(40)}
    async with aconnect(database.url, timeout=300, plain=is_plain) as store:

        async def act(number: int) -> None:
            if number == 40:
                await sleep(0.5)
                await elsewhere(cluster.stop)
                await elsewhere(cluster.start, THROW_AWAY)
                assert (await store.auth().run(who))[0] == ""
                over.append(True)
                return
            user = UUID(int=number + 1)
            while not over:
                try:
                    async with store.user(user) as conn:
                        assert (await who(conn))[0] == str(user)
                        await conn.execute("select pg_sleep(0.002)")
                except Exception as error:
                    failures[number].append(error)

        assert await all_at_once(41, act) == []
    for raised in failures.values():
        assert len(raised) <= 1, raised
        assert all(isinstance(error, errors.Unreachable) for error in raised), raised


async def test_a_connection_that_was_made_while_others_were_lost_is_asked_before_it_is_lent(
    database: Database, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    dial: Any = vars(AsyncConnection)["connect"].__func__
    answers: Any = vars(stores)["_answers"]

    async def ask(conn: AsyncScopedConnection, is_replica: bool) -> Any:
        answered = await answers(conn, is_replica)
        asked.append(answered)
        if len(asked) == 1:  # and again while this one was asked
            lose()
        return answered

    async with aconnect(database.url, size=1, plain=is_plain) as store:

        def lose() -> None:
            vars(store)["_dialer"].lost_at = monotonic()

        async def make(*args: Any, **kwargs: Any) -> Any:
            made = await dial(*args, **kwargs)
            lose()
            return made

        monkeypatch.setattr(AsyncConnection, "connect", classmethod(make))
        monkeypatch.setattr(stores, "_answers", ask)
        for _ in range(2):
            await store.auth().run(who)
    assert asked == [True, True]


async def test_where_a_commit_was_lost_another_connection_is_asked_before_it_is_lent(
    database: Database, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    answers: Any = vars(stores)["_answers"]

    async def ask(conn: AsyncScopedConnection, is_replica: bool) -> Any:
        asked.append(is_replica)
        return await answers(conn, is_replica)

    monkeypatch.setattr(stores, "_answers", ask)
    async with aconnect(database.url, size=2, plain=is_plain) as store:
        async with store.auth() as one, store.auth() as two:
            assert (await who(one))[1] != (await who(two))[1]

        async def commit() -> None:
            async with store.auth() as conn:
                _, pid = await who(conn)
                with psycopg.connect(database.admin_url) as admin:
                    admin.execute("select pg_terminate_backend(%s, 60000)", [pid])

        with pytest.raises(errors.Unreachable):
            await commit()
        assert asked == []
        await store.auth().run(who)
    assert asked == [False]


async def test_a_store_survives_the_reset_of_its_database(
    renderstore_server: Server,
) -> None:
    database = renderstore_server.clone()
    statement = b"insert into identity.users default values returning status"

    async def insert(conn: AsyncConnection[Any]) -> Any:
        found = await (await cursor(conn).execute(statement)).fetchone()
        assert found is not None
        return found[0]

    async with aconnect(database.url) as store:
        assert isinstance(await store.admin(reason="test").run(insert), UserStatus)
        renderstore_server.drop(database)
        with renderstore_server.admin() as admin:
            admin.execute(
                f'create database "{database.name}" template "{renderstore_server.template}"'.encode()
            )
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            # The same type under another number, as after a new migration of everything.
            admin.execute("alter type identity.user_status rename to old_status")
            admin.execute(
                "create type identity.user_status as enum ('active', 'suspended', 'deactivated')"
            )
            (oid,) = admin.execute(
                "select 'identity.user_status'::regtype::oid::bigint"
            ).fetchone() or (0,)

        async def cast(conn: AsyncConnection[Any]) -> Any:
            made = await cursor(conn).execute("select 'active'::identity.user_status")
            assert made.description is not None
            found = await made.fetchone()
            assert found is not None
            return made.description[0].type_code, found[0]

        code, value = await store.admin(reason="test").run(cast)
        assert code == oid
        assert isinstance(value, UserStatus)
    renderstore_server.drop(database)


async def test_calls_on_one_connection_at_once_keep_their_rows_apart(
    database: Database,
) -> None:
    # Cursors rest between runs of their query: none may serve two callers.
    async with aconnect(database.url) as store, store.auth() as conn:
        await plans.get(conn, id="free")

        async def look(number: int) -> None:
            del number
            for _ in range(50):
                assert (await plans.get(conn, id="free")).id == "free"
                assert (await plans.get(conn, id="premium")).id == "premium"

        assert await all_at_once(8, look) == []


async def test_a_borrowers_types_end_with_the_scope(database: Database) -> None:
    class Loud(TextLoader):
        def load(self, data: Buffer) -> str:
            said = super().load(data)
            assert isinstance(said, str)
            return said.upper()

    async def name(conn: AsyncConnection[Any]) -> str:
        return (await plans.get(conn, id="free")).name

    async with aconnect(database.url, size=1) as store:
        before = await store.auth().run(name)
        async with store.auth() as conn:
            conn.adapters.register_loader("text", Loud)
            assert await name(conn) == before.upper()
        assert await store.auth().run(name) == before
