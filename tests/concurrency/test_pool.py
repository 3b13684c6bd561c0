"""What many callers get from few connections, while servers stop and tasks are cancelled."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection, Connection
from psycopg.abc import Buffer
from psycopg.types.string import TextLoader

from renderstore import errors, identity, shared
from renderstore._scope.aio.bound import cursor as acursor
from renderstore._scope.sync.bound import cursor
from renderstore.identity import UserStatus
from renderstore.server import (
    THROW_AWAY,
    Cluster,
    ServerError,
    disposable,
    embedded_binaries,
)
from renderstore.store import SyncStore, aconnect, connect
from renderstore.testing import Database
from renderstore.testing.servers import Server, cluster_url, running_server

WHO = b"select current_setting('renderstore.user_id'), pg_backend_pid()"


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")


@pytest.fixture
def restartable() -> Generator[tuple[Cluster, Database]]:
    """A server of this test's own."""
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with (
        disposable(binaries) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield cluster, server.clone()


def who(conn: Connection[Any]) -> Any:
    return cursor(conn).execute(WHO).fetchone()


async def awho(conn: AsyncConnection[Any]) -> Any:
    return await (await acursor(conn).execute(WHO)).fetchone()


def in_threads(count: int, act: Callable[[int], None]) -> list[Exception]:
    """What went wrong when that many threads did it at once."""
    raised: list[Exception] = []

    def catch(number: int) -> None:
        try:
            act(number)
        except Exception as error:
            raised.append(error)

    threads = [
        threading.Thread(target=catch, args=(number,)) for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_hundred_callers_share_twenty_connections(
    database: Database, is_plain: bool
) -> None:
    backends: set[int] = set()
    with connect(database.url, timeout=300, plain=is_plain) as store:

        def act(number: int) -> None:
            user = UUID(int=number + 1)
            for _ in range(5):
                bound, pid = store.user(user).run(who)
                assert bound == str(user)
                backends.add(pid)
                with store.user(user) as conn:
                    assert who(conn)[0] == str(user)
                    conn.execute("select pg_sleep(0.001)")

        raised = in_threads(200, act)
    assert raised == []
    assert 1 < len(backends) <= 20


def test_two_hundred_tasks_share_twenty_connections(
    database: Database, is_plain: bool
) -> None:
    async def act() -> set[int]:
        backends: set[int] = set()
        async with aconnect(database.url, timeout=300, plain=is_plain) as store:

            async def one(number: int) -> None:
                user = UUID(int=number + 1)
                for _ in range(5):
                    bound, pid = await store.user(user).run(awho)
                    assert bound == str(user)
                    backends.add(pid)
                    async with store.user(user) as conn:
                        assert (await awho(conn))[0] == str(user)

            await asyncio.gather(*(one(number) for number in range(200)))
        return backends

    assert 1 < len(asyncio.run(act())) <= 20


def test_an_exhausted_pool_says_what_to_change(database: Database) -> None:
    with connect(database.url, size=1, timeout=0.2) as store, store.auth() as conn:
        conn.execute("select 1")
        with pytest.raises(
            errors.PoolExhausted, match=r"All 1 connections .* 0\.2 seconds"
        ) as caught:
            store.auth().run(who)
        assert "size" in caught.value.sentence


def test_an_exhausted_asyncio_pool_says_so_too(database: Database) -> None:
    async def act() -> None:
        async with aconnect(database.url, size=1, timeout=0.2) as store:
            async with store.auth() as conn:
                await conn.execute("select 1")
                with pytest.raises(errors.PoolExhausted):
                    await store.auth().run(awho)
            assert (await store.auth().run(awho))[0] == ""

    asyncio.run(act())


def test_an_unreachable_server_is_one_clear_error() -> None:
    url = "postgresql://web:s3cret@127.0.0.1:1/farm"
    with connect(url, timeout=0.5) as store:
        for _ in range(2):
            with pytest.raises(errors.Unreachable) as caught:
                store.auth().run(who)
            for part in ("127.0.0.1", "port 1", "'farm'", "'web'", "refused"):
                assert part in caught.value.sentence
            assert "s3cret" not in repr(caught.value) + str(caught.value.__cause__)
            assert isinstance(caught.value.__cause__, psycopg.OperationalError)


def test_asyncio_says_the_same_of_an_unreachable_server() -> None:
    async def act() -> None:
        async with aconnect(
            "postgresql://web:s3cret@127.0.0.1:1/farm", timeout=0.5
        ) as store:
            with pytest.raises(errors.Unreachable, match="port 1"):
                await store.auth().run(awho)

    asyncio.run(act())


def test_a_database_that_does_not_exist_fails_without_waiting(
    renderstore_server: Server,
) -> None:
    url = renderstore_server.url("nowhere", renderstore_server.worker)
    started = time.monotonic()
    with connect(url, timeout=600) as store:
        for _ in range(2):
            with pytest.raises(errors.Unreachable, match='"nowhere" does not exist'):
                store.auth().run(who)

    async def act() -> None:
        async with aconnect(url, timeout=600) as store:
            for _ in range(2):
                with pytest.raises(
                    errors.Unreachable, match='"nowhere" does not exist'
                ):
                    await store.auth().run(awho)

    asyncio.run(act())
    assert time.monotonic() - started < 600


def test_a_database_that_appears_later_is_found(renderstore_server: Server) -> None:
    database = renderstore_server.clone()
    renderstore_server.drop(database)
    with connect(database.url) as store:
        with pytest.raises(errors.Unreachable):
            store.auth().run(who)
        with renderstore_server.admin() as admin:
            admin.execute(
                f'create database "{database.name}" template "{renderstore_server.template}"'.encode()
            )
        try:
            assert store.auth().run(who)[0] == ""
        finally:
            renderstore_server.drop(database)


def test_a_server_restart_under_load_costs_each_caller_one_error_at_most(
    restartable: tuple[Cluster, Database], is_plain: bool
) -> None:
    cluster, database = restartable
    stopping = threading.Event()
    failures: dict[int, list[Exception]] = {number: [] for number in range(40)}
    with connect(database.url, timeout=300, plain=is_plain) as store:

        def act(number: int) -> None:
            user = UUID(int=number + 1)
            while not stopping.is_set():
                try:
                    with store.user(user) as conn:
                        assert who(conn)[0] == str(user)
                        conn.execute("select pg_sleep(0.002)")
                except Exception as error:
                    failures[number].append(error)

        threads = [threading.Thread(target=act, args=(number,)) for number in failures]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        cluster.stop()
        cluster.start(THROW_AWAY)
        assert store.auth().run(who)[0] == ""
        stopping.set()
        for thread in threads:
            thread.join()
    for raised in failures.values():
        assert len(raised) <= 1, raised
        for error in raised:
            assert isinstance(error, errors.Unreachable | psycopg.OperationalError), (
                error
            )


def test_the_first_scope_after_a_restart_succeeds_in_asyncio(
    restartable: tuple[Cluster, Database], is_plain: bool
) -> None:
    cluster, database = restartable

    async def act() -> None:
        async with aconnect(database.url, timeout=300, plain=is_plain) as store:
            before = await asyncio.gather(*(store.auth().run(awho) for _ in range(10)))
            cluster.stop()
            waiting = asyncio.create_task(store.auth().run(awho))
            await asyncio.to_thread(cluster.start, THROW_AWAY)
            after = await waiting
            assert after[1] not in {pid for _, pid in before}

    asyncio.run(act())


def test_a_store_survives_the_reset_of_its_database(renderstore_server: Server) -> None:
    database = renderstore_server.clone()
    statement = b"insert into identity.users default values returning status"

    def insert(conn: Connection[Any]) -> Any:
        found = cursor(conn).execute(statement).fetchone()
        assert found is not None
        return found[0]

    with connect(database.url) as store:
        assert isinstance(store.admin(reason="test").run(insert), UserStatus)
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

        def cast(conn: Connection[Any]) -> Any:
            made = cursor(conn).execute("select 'active'::identity.user_status")
            assert made.description is not None
            found = made.fetchone()
            assert found is not None
            return made.description[0].type_code, found[0]

        code, value = store.admin(reason="test").run(cast)
        assert code == oid
        assert isinstance(value, UserStatus)
    renderstore_server.drop(database)


def test_calls_on_one_connection_at_once_keep_their_rows_apart(
    database: Database,
) -> None:
    # Cursors rest between runs of their query: none may serve two callers.
    with connect(database.url) as store, store.auth() as conn:
        identity.plans.get(conn, id="free")

        def look(number: int) -> None:
            del number
            for _ in range(50):
                assert identity.plans.get(conn, id="free").id == "free"
                assert identity.plans.get(conn, id="premium").id == "premium"

        assert in_threads(8, look) == []


def test_a_borrowers_types_end_with_the_scope(database: Database) -> None:
    class Loud(TextLoader):
        def load(self, data: Buffer) -> str:
            said = super().load(data)
            assert isinstance(said, str)
            return said.upper()

    def name(conn: Connection[Any]) -> str:
        return identity.plans.get(conn, id="free").name

    with connect(database.url, size=1) as store:
        before = store.auth().run(name)
        with store.auth() as conn:
            conn.adapters.register_loader("text", Loud)
            assert name(conn) == before.upper()
        assert store.auth().run(name) == before


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_cancellations_loses_no_connection_and_mixes_nobody_up(
    database: Database, is_plain: bool, seed: int
) -> None:
    chance = random.Random(seed)

    async def act() -> None:
        async with aconnect(database.url, size=3, timeout=300, plain=is_plain) as store:

            async def one(number: int) -> None:
                user = UUID(int=number + 1)
                if number % 2:
                    assert (await store.user(user).run(awho))[0] == str(user)
                    return
                async with store.user(user) as conn:
                    if number % 3:
                        await conn.execute("select pg_sleep(0.002)")
                    assert (await awho(conn))[0] == str(user)

            for _ in range(10):
                tasks = [asyncio.create_task(one(number)) for number in range(30)]
                for task in tasks:
                    asyncio.get_running_loop().call_later(
                        chance.uniform(0, 0.05), task.cancel
                    )
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task
            # Every place in the pool can still be filled, by all at once.
            together = asyncio.Barrier(3)

            async def hold(number: int) -> None:
                user = UUID(int=number + 1)
                async with store.user(user) as conn:
                    assert (await awho(conn))[0] == str(user)
                    await together.wait()

            await asyncio.gather(*(hold(number) for number in range(3)))

    asyncio.run(act())


@pytest.fixture
def process_store(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> Generator[SyncStore]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    yield shared.store()
    shared.close()


def test_the_shared_store_is_one_for_all_threads(process_store: SyncStore) -> None:
    seen: set[int] = set()

    def look(_: int) -> None:
        seen.add(id(shared.store()))

    assert in_threads(30, look) == []
    assert seen == {id(process_store)}


def test_the_shared_store_survives_a_reload(process_store: SyncStore) -> None:
    import importlib
    import sys

    first = process_store.auth().run(who)
    del sys.modules["renderstore.shared"]
    again = importlib.import_module("renderstore.shared")
    assert again is not shared
    assert again.store() is process_store
    assert again.store().auth().run(who) == first


def test_the_shared_store_follows_another_address(
    process_store: SyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDERSTORE_POOL_SIZE", "3")
    another = shared.store()
    assert another is not process_store
    assert another.settings.pool_size == 3
    with pytest.raises(errors.StoreClosed):
        process_store.auth().run(who)


def test_the_shared_store_speaks_for_itself_after_a_fork(
    process_store: SyncStore,
) -> None:
    (_, ours) = process_store.auth().run(who)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(shared.store().auth().run(who)[1]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert int(answer.read()) != ours
    os.waitpid(child, 0)
    assert process_store.auth().run(who)[1] == ours
