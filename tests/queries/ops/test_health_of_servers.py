"""Store.health() where the server itself is ill, or hides what others do: on servers that no other test uses."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, suppress

import psycopg
import pytest

from renderstore.health import Health, HealthMeasure, Verdict
from renderstore.server import THROW_AWAY, ServerError, disposable
from renderstore.store import connect
from renderstore.testing import Database, Server
from renderstore.testing.servers import binaries, cluster_url, running_server

CONNECTIONS = 20
RESERVED = 3


@pytest.fixture(scope="module")
def own_server(renderstore_server: Server) -> Generator[Server]:
    """A small server of this version."""
    kind = renderstore_server.kind
    spec = "embedded" if kind == "container" or "://" in kind else kind
    few = {
        **THROW_AWAY,
        "max_connections": str(CONNECTIONS),
        "superuser_reserved_connections": str(RESERVED),
        # Its worker would come and go.
        "autovacuum": "off",
    }
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(disposable(binaries(spec), few))
        except ServerError as reason:
            pytest.skip(f"needs a server of its own: {reason}")
        yield stack.enter_context(running_server(cluster_url(cluster)))


@pytest.fixture
def own(own_server: Server) -> Generator[Database]:
    made = own_server.clone()
    yield made
    own_server.drop(made)


def measure(found: Health, name: str) -> HealthMeasure:
    [one] = [each for each in found.measures if each.name == name]
    return one


def test_a_server_that_fills_up_warns_then_fails_then_is_not_reached_and_recovers(
    own: Database,
) -> None:
    name = "connections_used_percent"
    with ExitStack() as others, connect(own.url) as store:
        assert measure(store.health(), name).verdict is Verdict.OK

        def fill(until: Verdict) -> HealthMeasure:
            while (seen := measure(store.health(), name)).verdict is not until:
                others.enter_context(psycopg.connect(own.url))
            return seen

        warned = fill(Verdict.WARN).value
        failed = fill(Verdict.FAIL)
        assert warned is not None
        assert failed.value is not None
        assert 80 < warned <= 95 < failed.value
        assert failed.sentence.endswith(" % of the server's connections are in use.")
        take_the_rest(own, others)

        with connect(own.url) as late:
            found = late.health()
            assert (found.verdict, found.measures, found.slowest) == (
                Verdict.FAIL,
                (),
                (),
            )
            assert found.reasons == [found.problem]
            assert found.problem is not None
            assert "every connection that the server has for it is in use" in (
                found.problem
            )
            # The store that was there before has its connection for health, and sees.
            full = measure(store.health(), name)
            assert (full.verdict, full.value) == (Verdict.FAIL, 100)
            others.close()
            left(own)
            recovered = late.health()
            assert recovered.problem is None
            assert measure(recovered, name).verdict is Verdict.OK
            late.ping()


def take_the_rest(own: Database, others: ExitStack) -> None:
    """Every connection that is left."""
    with suppress(psycopg.OperationalError):
        while True:
            others.enter_context(psycopg.connect(own.url))


def left(own: Database) -> None:
    """Those who closed are gone from the server."""
    with psycopg.connect(own.admin_url, autocommit=True) as conn:
        while conn.execute(
            "select count(*) > 6 from pg_stat_activity"
            " where backend_type = 'client backend'"
        ).fetchone() == (True,):
            time.sleep(0.02)


def test_an_old_transaction_is_seen_by_whom_the_right_was_granted_to(
    own: Database,
) -> None:
    name = "oldest_transaction_s"
    with (
        psycopg.connect(own.admin_url, autocommit=True) as conn,
        psycopg.connect(own.admin_url) as old,
        connect(own.url) as store,
    ):
        conn.execute(
            "update ops.health_rules set warn_above = 0, fail_above = 0 where name = %s",
            [name],
        )
        conn.execute("grant pg_read_all_stats to renderstore_readonly")
        assert measure(store.health(), name).verdict is Verdict.OK
        old.execute("select")
        seen = measure(store.health(), name)
        assert seen.verdict is Verdict.FAIL
        assert seen.sentence.startswith("The oldest transaction has been open for ")
        conn.execute("revoke pg_read_all_stats from renderstore_readonly")
        hidden = measure(store.health(), name)
        assert (hidden.verdict, hidden.value) == (Verdict.UNKNOWN, None)
        assert hidden.sentence == f"{name}: renderstore_readonly may not see it."
        conn.execute("grant pg_read_all_stats to renderstore_readonly")
        old.rollback()
        assert measure(store.health(), name).verdict is Verdict.OK
