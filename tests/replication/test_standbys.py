"""A streaming standby: health sees from both sides that its replay hangs, and on the standby that nobody sends to it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import pytest
from tests.replication.standbys import SERVERS, STREAMING, folder, follow

from renderstore import settings
from renderstore.health import Verdict
from renderstore.server import Cluster, disposable
from renderstore.store import SyncStore, connect
from renderstore.testing.servers import cluster_url, running_server

WRITTEN = 2_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary and its standby, as a superuser and as a reader of each sees it."""

    primary_cluster: Cluster
    primary: psycopg.Connection[Any]
    standby: psycopg.Connection[Any]
    at_primary: SyncStore
    at_standby: SyncStore

    def write(self) -> str:
        """Two megabytes and a commit; where the log ends then."""
        self.primary.execute(
            "select pg_logical_emit_message(false, 'test', repeat('x', %s))", [WRITTEN]
        )
        self.primary.execute("update ops.health_rules set remedy = remedy")
        [(end,)] = self.primary.execute("select pg_current_wal_lsn()::text").fetchall()
        return str(end)

    def wait(self, condition: LiteralString, *parameters: object) -> None:
        """Until the standby says so."""
        while self.standby.execute(condition, parameters).fetchone() != (True,):
            time.sleep(0.02)

    def seen(self, name: str) -> tuple[Verdict, Verdict]:
        """What health says of a measure, on the primary and on the standby."""
        first, second = (
            next(each.verdict for each in store.health().measures if each.name == name)
            for store in (self.at_primary, self.at_standby)
        )
        return first, second


@pytest.fixture(params=SERVERS)
def pair(request: pytest.FixtureRequest) -> Generator[Pair]:
    binaries = folder(request.param)
    with ExitStack() as stack:
        cluster = stack.enter_context(disposable(binaries, STREAMING))
        server = stack.enter_context(running_server(cluster_url(cluster)))
        made = server.clone()
        primary = stack.enter_context(psycopg.connect(made.admin_url, autocommit=True))
        primary.execute(
            "update ops.health_rules set warn_above = 1000000"
            " where name = 'replication_behind_bytes'"
        )
        primary.execute(
            "update ops.health_rules set warn_above = 0 where name = 'replication_lag_s'"
        )
        other = stack.enter_context(disposable(binaries))
        follow(other, cluster)
        there = {key: other.conninfo()[key] for key in ("host", "port")}
        admin_url, url = (
            settings.write_url(settings.parse(each).conninfo | there)
            for each in (made.admin_url, made.url)
        )
        yield Pair(
            cluster,
            primary,
            stack.enter_context(psycopg.connect(admin_url, autocommit=True)),
            stack.enter_context(connect(made.url)),
            stack.enter_context(connect(url)),
        )
        # What made the logins takes them away again.
        if not cluster.is_running():
            cluster.start(STREAMING)


def test_a_standby_that_hangs_is_seen_from_both_sides(pair: Pair) -> None:
    behind, lag = "replication_behind_bytes", "replication_lag_s"
    # On 15 whoever migrates may have granted it.
    pair.primary.execute("revoke pg_read_all_stats from renderstore_readonly")
    pair.wait("select pg_last_wal_replay_lsn() >= %s::pg_lsn", pair.write())
    assert pair.seen(behind)[0] is pair.seen(lag)[0] is Verdict.UNKNOWN
    pair.primary.execute("grant pg_read_all_stats to renderstore_readonly")
    pair.wait("select pg_last_wal_replay_lsn() >= %s::pg_lsn", pair.write())
    assert pair.seen(behind) == (Verdict.OK, Verdict.OK)
    assert pair.seen(lag)[1] is Verdict.OK

    pair.standby.execute("select pg_wal_replay_pause()")
    pair.wait("select pg_get_wal_replay_pause_state() = 'paused'")
    pair.wait("select pg_last_wal_receive_lsn() >= %s::pg_lsn", pair.write())
    assert pair.seen(behind) == (Verdict.WARN, Verdict.WARN)
    assert pair.seen(lag)[1] is Verdict.WARN
    found = pair.at_standby.health()
    assert (found.problem, found.role) == (None, "renderstore_readonly")

    pair.standby.execute("select pg_wal_replay_resume()")
    pair.wait("select pg_last_wal_replay_lsn() >= %s::pg_lsn", pair.write())
    assert pair.seen(behind) == (Verdict.OK, Verdict.OK)
    assert pair.seen(lag)[1] is Verdict.OK

    # It has replayed all that it received, and nobody sends it any more.
    pair.primary_cluster.stop()
    pair.wait("select not exists (select from pg_stat_wal_receiver)")
    found = pair.at_standby.health()
    assert next(each.verdict for each in found.measures if each.name == lag) is (
        Verdict.WARN
    )
