"""Reads on replicas: who answers, and what it costs that a server goes.

Generated from tests/replication/aio/test_reads.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from psycopg import Connection
from tests.colours.sync import all_at_once, elsewhere
from tests.factories import api_tokens, users
from tests.replication.standbys import Trio

from renderstore import errors
from renderstore._scope.sync import replicas
from renderstore._scope.sync.bound import cursor
from renderstore._scope.sync.colour import sleep
from renderstore.identity import TokenRole, plans, session_tokens
from renderstore.secrets import hash_token
from renderstore.store import SyncScope, SyncStore, connect

DBA = "the tests' DBA"
SECRET = "rs_00000000_secret-of-a-test"
WHO = b"select current_setting('cluster_name')"
WRITE = (
    b"insert into public.beats default values returning current_setting('cluster_name')"
)


def who(conn: Connection[Any]) -> str:
    """Which server answers."""
    found = cursor(conn).execute(WHO).fetchone()
    assert found is not None
    return str(found[0])


def write(conn: Connection[Any]) -> str:
    """Which server took it."""
    found = cursor(conn).execute(WRITE).fetchone()
    assert found is not None
    return str(found[0])


def is_standby(conn: Connection[Any]) -> bool:
    """Whether a replica answers."""
    said = cursor(conn).execute(b"select pg_is_in_recovery()").fetchone()
    return said == (True,)


def insist(
    scope: SyncScope,
    act: Callable[[Connection[Any]], Any],
    wanted: object,
) -> None:
    """Until it answers so, whatever is lost on the way."""
    answer: object = None
    while answer != wanted:
        with suppress(errors.Unreachable):
            answer = scope.run(act)
        sleep(0.02)


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """What is asked about replicas meanwhile."""
    questions: list[str] = []
    ask = replicas.ask

    def noted(conn: Any, statement: Any, *parameters: str) -> Any:
        questions.append(statement)
        return ask(conn, statement, *parameters)

    with monkeypatch.context() as patch:
        patch.setattr(replicas, "ask", noted)
        yield questions


def until(store: SyncStore, answers: str) -> None:
    """Until a reader's question is answered by this server."""
    while store.readonly().run(who) != answers:
        sleep(0.02)


def test_what_is_marked_as_a_read_goes_to_a_replica(trio: Trio, is_plain: bool) -> None:
    user_id = users.make(trio.made)
    elsewhere(trio.catch_up, "near")
    with connect(trio.url("primary"), reads=trio.url("near"), plain=is_plain) as store:
        reads: list[SyncScope] = [
            store.readonly(),
            store.user(user_id).reading(),
            store.auth().reading(),
            store.admin(reason=DBA).reading(),
            store.worker("mac-1").reading(),
        ]
        until(store, "near")
        for scope in reads:
            assert scope.run(who) == "near"
            with scope as conn:
                assert who(conn) == "near"
                said = conn.execute("select pg_is_in_recovery()")
                assert said.fetchone() == (True,)
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
            with scope as conn:
                assert who(conn) == "primary"
        assert store.user(user_id).run(write) == "primary"


def test_a_token_is_checked_on_a_replica_and_leaves_no_note(
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
    with connect(trio.url("primary"), reads=trio.url("near"), plain=is_plain) as store:
        session = store.auth().run(
            session_tokens.issue, user_id=user_id, lifetime=timedelta(days=1)
        )
        elsewhere(trio.catch_up, "near")
        until(store, "near")
        scope = store.token(SECRET + str(user_id)).reading()
        assert scope.run(who) == "near"
        with scope as conn:
            assert who(conn) == "near"
        checked = (
            store.auth()
            .reading()
            .run(session_tokens.check, token_hash=hash_token(session.secret))
        )
        assert checked.user_id == user_id
        with pytest.raises(errors.TokenRefused):
            store.token(SECRET).reading().run(who)
    noted = "select last_used_at is null from identity.api_tokens where token_hash = %s"
    assert elsewhere(trio.ask, "primary", noted, token) is True


def test_a_read_writes_nothing_wherever_it_is_answered(
    trio: Trio, is_plain: bool
) -> None:
    for reads in (trio.url("near"), ""):
        with connect(trio.url("primary"), reads=reads, plain=is_plain) as store:
            if reads:
                until(store, "near")
            scope = store.admin(reason=DBA).reading()
            for _ in range(2):
                with pytest.raises(errors.NotAllowed, match="reads only") as caught:
                    scope.run(plans.create, id="new", name="New")
                assert caught.value.sqlstate == "25006"
                with pytest.raises(errors.NotAllowed, match="reads only"):
                    with scope as conn:
                        plans.create(conn, id="new", name="New")
            assert store.auth().run(write) == "primary"


def test_a_replica_behind_its_bound_leaves_reads_to_the_primary(
    trio: Trio,
) -> None:
    elsewhere(trio.catch_up, "near")
    with connect(trio.url("primary"), reads=trio.url("near"), max_lag=0.5) as store:
        until(store, "near")
        elsewhere(trio.ask, "near", "select pg_wal_replay_pause()")
        try:
            elsewhere(
                trio.wait, "near", "select pg_get_wal_replay_pause_state() = 'paused'"
            )
            elsewhere(trio.commit)
            until(store, "primary")
            assert store.readonly().run(who) == "primary"
        finally:
            elsewhere(trio.ask, "near", "select pg_wal_replay_resume()")
        until(store, "near")


def test_a_replica_that_nobody_sends_to_is_behind_once_something_is_missing(
    trio: Trio,
) -> None:
    elsewhere(trio.catch_up, "near")
    with connect(trio.url("primary"), reads=trio.url("near"), max_lag=0.5) as store:
        until(store, "near")
        sender = elsewhere(trio.deafen, "near")
        try:
            elsewhere(trio.commit)
            until(store, "primary")
        finally:
            elsewhere(trio.hear, "near", sender)
        until(store, "near")


def test_an_idle_primary_leaves_no_replica_behind(trio: Trio) -> None:
    """The last transaction ages beyond any bound, and nothing is missing."""
    elsewhere(trio.catch_up, "near")
    answered: set[str] = set()
    for _ in range(10):
        with connect(
            trio.url("primary"), reads=trio.url("near"), max_lag=0.000001
        ) as store:
            answered.add(store.readonly().run(who))
    assert "near" in answered


def test_a_replica_is_asked_once_a_second_for_all_its_connections(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(trio.catch_up, "near")
    with connect(trio.url("primary"), reads=trio.url("near")) as store:
        until(store, "near")
        asked: list[str] = []
        begun = monotonic()

        def act(number: int) -> None:
            del number
            for _ in range(50):
                with store.readonly() as conn:
                    asked.append(who(conn))

        with counting(monkeypatch) as questions:
            assert all_at_once(10, act) == []
        assert asked == ["near"] * 500
        assert len(questions) <= 2 + (monotonic() - begun)


def test_without_a_replica_the_primary_answers_at_once(
    trio: Trio, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for a pool's timeout, and it is said once."""
    nowhere = "postgresql://web@127.0.0.1:1/farm"
    # A server that is no standby is none either.
    for reads in (nowhere, trio.url("primary", target_session_attrs="any")):
        caplog.clear()
        with connect(trio.url("primary"), reads=reads, timeout=86_400) as store:
            for _ in range(20):
                assert store.readonly().run(who) == "primary"
        said = [each for each in caplog.records if each.name == "renderstore"]
        assert len(said) == 1
        assert "primary answers reads" in said[0].message


def test_several_hosts_lead_to_the_primary(trio: Trio) -> None:
    for hosts in (("near", "far", "primary"), ("primary", "near")):
        with connect(trio.url(*hosts)) as store:
            assert store.user(users.make(trio.made)).run(write) == "primary"
            assert store.ping().host == trio.clusters["primary"].conninfo()["host"]


def test_a_write_at_a_standby_is_one_clear_error_and_its_connection_goes(
    trio: Trio, is_plain: bool
) -> None:
    with connect(trio.url("near"), size=1, plain=is_plain) as store:

        def backend(conn: Connection[Any]) -> int:
            return conn.info.backend_pid

        before = store.auth().run(backend)
        with pytest.raises(errors.Unreachable, match="standby by now") as caught:
            store.auth().run(write)
        assert caught.value.sqlstate == "25006"
        between = store.auth().run(backend)
        with pytest.raises(errors.Unreachable, match="standby by now"):
            with store.auth() as conn:
                conn.execute(WRITE)
        after = store.auth().run(backend)
        assert len({before, between, after}) == 3


def test_a_fail_over_costs_each_caller_one_error_at_most(doomed: Trio) -> None:
    over: list[bool] = []
    what: list[str] = ["nothing"]
    failures: dict[tuple[int, str], list[Exception]] = {}
    with connect(
        doomed.url("primary", "near", "far"),
        reads=doomed.url("near", "far"),
        timeout=300,
        max_lag=60,
    ) as store:
        user = users.make(doomed.made)
        elsewhere(doomed.catch_up, "near", "far")
        until(store, "near")

        def act(number: int) -> None:
            if number == 20:
                fail_over()
                over.append(True)
                return
            scope = store.readonly() if number % 2 else store.user(user)
            while not over:
                during = what[0]
                try:
                    with scope as conn:
                        (who if number % 2 else write)(conn)
                        conn.execute("select pg_sleep(0.002)")
                except Exception as error:
                    failures.setdefault((number, during), []).append(error)

        def fail_over() -> None:
            try:
                what[0] = "a replica is killed"
                elsewhere(doomed.kill, "near")
                insist(store.readonly(), who, "far")
                what[0] = "the primary is killed"
                elsewhere(doomed.kill, "primary")
                what[0] = "a replica is promoted"
                elsewhere(doomed.ask, "far", "select pg_promote()")
                insist(store.user(user), write, "far")
                insist(store.readonly(), is_standby, False)
            finally:
                over.append(True)

        raised = all_at_once(21, act)
        assert not raised, raised
        assert store.readonly().run(who) == "far"
    for key, each in failures.items():
        assert len(each) <= 1, (key, each)
        assert isinstance(each[0], errors.Unreachable), (key, each)
