"""Reads on replicas: who answers, and what it costs that a server goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from psycopg import AsyncConnection
from tests.colours.aio import all_at_once, elsewhere
from tests.factories import api_tokens, users
from tests.replication.standbys import Trio

from renderstore import errors
from renderstore._scope.aio import replicas
from renderstore._scope.aio.bound import cursor
from renderstore._scope.aio.colour import sleep
from renderstore.aio.identity import plans, session_tokens
from renderstore.identity import TokenRole
from renderstore.secrets import hash_token
from renderstore.store import AsyncScope, AsyncStore, aconnect

DBA = "the tests' DBA"
SECRET = "rs_00000000_secret-of-a-test"
WHO = b"select current_setting('cluster_name')"
WRITE = (
    b"insert into public.beats default values returning current_setting('cluster_name')"
)


async def who(conn: AsyncConnection[Any]) -> str:
    """Which server answers."""
    found = await (await cursor(conn).execute(WHO)).fetchone()
    assert found is not None
    return str(found[0])


async def write(conn: AsyncConnection[Any]) -> str:
    """Which server took it."""
    found = await (await cursor(conn).execute(WRITE)).fetchone()
    assert found is not None
    return str(found[0])


async def is_standby(conn: AsyncConnection[Any]) -> bool:
    """Whether a replica answers."""
    said = await (await cursor(conn).execute(b"select pg_is_in_recovery()")).fetchone()
    return said == (True,)


async def insist(
    scope: AsyncScope,
    act: Callable[[AsyncConnection[Any]], Awaitable[Any]],
    wanted: object,
) -> None:
    """Until it answers so, whatever is lost on the way."""
    answer: object = None
    while answer != wanted:
        with suppress(errors.Unreachable):
            answer = await scope.run(act)
        await sleep(0.02)


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """What is asked about replicas meanwhile."""
    questions: list[str] = []
    ask = replicas.ask

    async def noted(conn: Any, statement: Any, *parameters: str) -> Any:
        questions.append(statement)
        return await ask(conn, statement, *parameters)

    with monkeypatch.context() as patch:
        patch.setattr(replicas, "ask", noted)
        yield questions


async def until(store: AsyncStore, answers: str) -> None:
    """Until a reader's question is answered by this server."""
    while await store.readonly().run(who) != answers:
        await sleep(0.02)


async def test_what_is_marked_as_a_read_goes_to_a_replica(
    trio: Trio, is_plain: bool
) -> None:
    user_id = users.make(trio.made)
    await elsewhere(trio.catch_up, "near")
    async with aconnect(
        trio.url("primary"), reads=trio.url("near"), plain=is_plain
    ) as store:
        reads: list[AsyncScope] = [
            store.readonly(),
            store.user(user_id).reading(),
            store.auth().reading(),
            store.admin(reason=DBA).reading(),
            store.worker("mac-1").reading(),
        ]
        await until(store, "near")
        for scope in reads:
            assert await scope.run(who) == "near"
            async with scope as conn:
                assert await who(conn) == "near"
                said = await conn.execute("select pg_is_in_recovery()")
                assert await said.fetchone() == (True,)
        writes = (
            store.user(user_id),
            store.auth(),
            store.admin(reason=DBA),
            store.worker("mac-1"),
            store.readonly(at_primary=True),
            store.readonly().serializable(),
            store.user(user_id).reading().serializable(),
            store.user(user_id).serializable().reading(),
        )
        for scope in writes:
            async with scope as conn:
                assert await who(conn) == "primary"
        assert await store.user(user_id).run(write) == "primary"


async def test_a_token_is_checked_on_a_replica_and_leaves_no_note(
    trio: Trio, is_plain: bool
) -> None:
    user_id = users.make(trio.made)
    token = hash_token(SECRET + str(user_id))
    api_tokens.make(
        trio.made,
        token_hash=token,
        roles=[TokenRole.USER],
        service=None,
        user_id=user_id,
        for_user_id=user_id,
    )
    async with aconnect(
        trio.url("primary"), reads=trio.url("near"), plain=is_plain
    ) as store:
        session = await store.auth().run(
            session_tokens.issue, user_id=user_id, lifetime=timedelta(days=1)
        )
        await elsewhere(trio.catch_up, "near")
        await until(store, "near")
        scope = store.token(SECRET + str(user_id)).reading()
        assert await scope.run(who) == "near"
        async with scope as conn:
            assert await who(conn) == "near"
        checked = (
            await store.auth()
            .reading()
            .run(session_tokens.check, token_hash=hash_token(session.secret))
        )
        assert checked.user_id == user_id
        with pytest.raises(errors.TokenRefused):
            await store.token(SECRET).reading().run(who)
    noted = "select last_used_at is null from identity.api_tokens where token_hash = %s"
    assert await elsewhere(trio.ask, "primary", noted, token) is True


async def test_a_read_writes_nothing_wherever_it_is_answered(
    trio: Trio, is_plain: bool
) -> None:
    for reads in (trio.url("near"), ""):
        async with aconnect(trio.url("primary"), reads=reads, plain=is_plain) as store:
            if reads:
                await until(store, "near")
            scope = store.admin(reason=DBA).reading()
            for _ in range(2):
                with pytest.raises(errors.NotAllowed, match="reads only") as caught:
                    await scope.run(plans.create, id="new", name="New")
                assert caught.value.sqlstate == "25006"
                with pytest.raises(errors.NotAllowed, match="reads only"):
                    async with scope as conn:
                        await plans.create(conn, id="new", name="New")
            assert await store.auth().run(write) == "primary"


async def test_a_replica_behind_its_bound_leaves_reads_to_the_primary(
    trio: Trio,
) -> None:
    await elsewhere(trio.catch_up, "near")
    async with aconnect(
        trio.url("primary"), reads=trio.url("near"), max_lag=0.5
    ) as store:
        await until(store, "near")
        await elsewhere(trio.ask, "near", "select pg_wal_replay_pause()")
        try:
            await elsewhere(
                trio.wait, "near", "select pg_get_wal_replay_pause_state() = 'paused'"
            )
            await elsewhere(trio.commit)
            await until(store, "primary")
            assert await store.readonly().run(who) == "primary"
        finally:
            await elsewhere(trio.ask, "near", "select pg_wal_replay_resume()")
        await until(store, "near")


async def test_a_replica_that_nobody_sends_to_is_behind_once_something_is_missing(
    trio: Trio,
) -> None:
    await elsewhere(trio.catch_up, "near")
    async with aconnect(
        trio.url("primary"), reads=trio.url("near"), max_lag=0.5
    ) as store:
        await until(store, "near")
        sender = await elsewhere(trio.deafen, "near")
        try:
            await elsewhere(trio.commit)
            await until(store, "primary")
        finally:
            await elsewhere(trio.hear, "near", sender)
        await until(store, "near")


async def test_an_idle_primary_leaves_no_replica_behind(trio: Trio) -> None:
    """The last transaction ages beyond any bound, and nothing is missing."""
    await elsewhere(trio.catch_up, "near")
    answered: set[str] = set()
    for _ in range(10):
        async with aconnect(
            trio.url("primary"), reads=trio.url("near"), max_lag=0.000001
        ) as store:
            answered.add(await store.readonly().run(who))
    assert "near" in answered


async def test_a_replica_is_asked_once_a_second_for_all_its_connections(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await elsewhere(trio.catch_up, "near")
    async with aconnect(trio.url("primary"), reads=trio.url("near")) as store:
        await until(store, "near")
        asked: list[str] = []
        begun = monotonic()

        async def act(number: int) -> None:
            del number
            for _ in range(50):
                async with store.readonly() as conn:
                    asked.append(await who(conn))

        with counting(monkeypatch) as questions:
            assert await all_at_once(10, act) == []
        assert asked == ["near"] * 500
        assert len(questions) <= 2 + (monotonic() - begun)


async def test_without_a_replica_the_primary_answers_at_once(
    trio: Trio, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for a pool's timeout, and it is said once."""
    nowhere = "postgresql://web@127.0.0.1:1/farm"
    # A server that is no standby is none either.
    for reads in (nowhere, trio.url("primary", target_session_attrs="any")):
        caplog.clear()
        async with aconnect(trio.url("primary"), reads=reads, timeout=86_400) as store:
            for _ in range(20):
                assert await store.readonly().run(who) == "primary"
        said = [each for each in caplog.records if each.name == "renderstore"]
        assert len(said) == 1
        assert "primary answers reads" in said[0].message


async def test_several_hosts_lead_to_the_primary(trio: Trio) -> None:
    for hosts in (("near", "far", "primary"), ("primary", "near")):
        async with aconnect(trio.url(*hosts)) as store:
            assert await store.user(users.make(trio.made)).run(write) == "primary"
            assert (await store.ping()).host == trio.clusters["primary"].conninfo()[
                "host"
            ]


async def test_a_write_at_a_standby_is_one_clear_error_and_its_connection_goes(
    trio: Trio, is_plain: bool
) -> None:
    async with aconnect(trio.url("near"), size=1, plain=is_plain) as store:

        async def backend(conn: AsyncConnection[Any]) -> int:
            return conn.info.backend_pid

        before = await store.auth().run(backend)
        with pytest.raises(errors.Unreachable, match="standby by now") as caught:
            await store.auth().run(write)
        assert caught.value.sqlstate == "25006"
        between = await store.auth().run(backend)
        with pytest.raises(errors.Unreachable, match="standby by now"):
            async with store.auth() as conn:
                await conn.execute(WRITE)
        after = await store.auth().run(backend)
        assert len({before, between, after}) == 3


async def test_a_fail_over_costs_each_caller_one_error_at_most(doomed: Trio) -> None:
    over: list[bool] = []
    what: list[str] = ["nothing"]
    failures: dict[tuple[int, str], list[Exception]] = {}
    async with aconnect(
        doomed.url("primary", "near", "far"),
        reads=doomed.url("near", "far"),
        timeout=300,
        max_lag=60,
    ) as store:
        user = users.make(doomed.made)
        await elsewhere(doomed.catch_up, "near", "far")
        await until(store, "near")

        async def act(number: int) -> None:
            if number == 20:
                await fail_over()
                over.append(True)
                return
            scope = store.readonly() if number % 2 else store.user(user)
            while not over:
                during = what[0]
                try:
                    async with scope as conn:
                        await (who if number % 2 else write)(conn)
                        await conn.execute("select pg_sleep(0.002)")
                except Exception as error:
                    failures.setdefault((number, during), []).append(error)

        async def fail_over() -> None:
            try:
                what[0] = "a replica is killed"
                await elsewhere(doomed.kill, "near")
                await insist(store.readonly(), who, "far")
                what[0] = "the primary is killed"
                await elsewhere(doomed.kill, "primary")
                what[0] = "a replica is promoted"
                await elsewhere(doomed.ask, "far", "select pg_promote()")
                await insist(store.user(user), write, "far")
                await insist(store.readonly(), is_standby, False)
            finally:
                over.append(True)

        raised = await all_at_once(21, act)
        assert not raised, raised
        assert await store.readonly().run(who) == "far"
    for key, each in failures.items():
        assert len(each) <= 1, (key, each)
        assert isinstance(each[0], errors.Unreachable), (key, each)
