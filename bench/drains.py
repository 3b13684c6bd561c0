"""How fast a full queue becomes empty: ours, raw SQL and peers, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import psycopg
from bench import clients, pgbench, raw
from bench.ground import Fill, Ground
from bench.peers import Peer

from renderstore import connect
from renderstore.testing.servers import Database
from renderstore.worker import Job, run_worker

CLAIM = (
    "select array_agg(user_id)::text as users, array_agg(id)::text as ids,"
    " array_agg(attempt)::text as attempts"
    " from work.claim(:batch, '{render}') \\gset\n"
)
FINISH = (
    "select count(*) as refused from"
    " work.finish_many(:users::uuid[], :ids::uuid[], :attempts::integer[]) \\gset\n"
)
NOTHING = {"users": "{}", "ids": "{}", "attempts": "{}"}


def completed(database: Database) -> int:
    """How many jobs are completed, or were reported so while somebody held their row."""
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute(
            "select (select count(*) from work.jobs where status = 'completed')"
            " + (select count(*) from work.reports where outcome = 'completed')"
        ).fetchone()
    assert found is not None
    return int(found[0])


def raw_drain(ground: Ground, *, connections: int, batch: int, jobs: int) -> float:
    """Hand-written claim and done under pgbench, a second."""
    with ground.lent(ground.filled(raw.narrow(2 * jobs))) as database:
        ran = pgbench.run(
            ground.bin,
            database.admin_url,
            raw.drain(batch),
            clients=connections,
            transactions=jobs // batch,
            values={"id": 0, "ids": "{}"},
        )
    return ran.per_second * batch


def apart(ground: Ground, *, connections: int, batch: int, jobs: int) -> float:
    """Our claim and our finish, a statement each, under pgbench, a second."""
    with ground.lent(ground.queue(Fill(waiting=2 * jobs, with_specs=True))) as database:
        ran = pgbench.run(
            ground.bin,
            ground.registered_url(database),
            CLAIM + FINISH,
            clients=connections,
            transactions=jobs // batch,
            values={"batch": batch, **NOTHING},
        )
        assert completed(database) == ran.transactions * batch
    return ran.per_second * batch


def _nothing(job: Job) -> None:
    del job


def drain(batch: int, url: str, number: int, ready: Callable[[], None]) -> None:
    """The worker loop as shipped, until the queue is empty."""
    with connect(url) as store:
        store.ping()
        ready()
        run_worker(
            store,
            f"bench-{number}",
            _nothing,
            batch=batch,
            listen=False,
            stop_when_empty=True,
        )


def ours(ground: Ground, *, connections: int, batch: int, jobs: int) -> float:
    """Our worker loop, a process for each connection, until the queue is empty."""
    with ground.lent(ground.queue(Fill(waiting=jobs, with_specs=True))) as database:
        spent = clients.seconds(
            partial(drain, batch), ground.worker_url(database), connections
        )
        assert completed(database) == jobs
    return jobs / spent


def _remaining(conn: psycopg.Connection, peer: Peer) -> int:
    """How many jobs a peer has not completed."""
    found = conn.execute(peer.remaining.encode()).fetchone()
    assert found is not None
    return int(found[0])


def peer(
    ground: Ground, peer: Peer, *, connections: int, batch: int, jobs: int
) -> float:
    """A peer's worker, timed by what lies in its tables from its first job to its last."""
    with ground.lent(ground.empty()) as database:
        peer.set_up(database.admin_url, jobs)
        with (
            psycopg.connect(database.admin_url, autocommit=True) as conn,
            peer.working(database.admin_url, connections, batch),
        ):
            seen: list[tuple[float, int]] = []
            begun = time.perf_counter()
            while not seen or seen[-1][1] > 0:
                left = _remaining(conn, peer)
                seen.append((time.perf_counter(), left))
                if seen[-1][0] > begun + 60 and seen[-1][1] == jobs:
                    raise RuntimeError(f"{peer.name} completed nothing in a minute")
                time.sleep(0.02)
    # Starting a runtime is not draining: the clock starts where the first job was seen to end.
    first = next(at for at, left in seen if left < jobs)
    left = next(left for _, left in seen if left < jobs)
    if left == 0 or seen[-1][0] == first:
        raise RuntimeError(f"{jobs} jobs are too few to time {peer.name}")
    return left / (seen[-1][0] - first)


def emptied(ground: Ground, peer: Peer, *, batch: int, jobs: int) -> int:
    """How many jobs a peer leaves of so many, once a minute has passed or nothing is left; not how fast."""
    with ground.lent(ground.empty()) as database:
        peer.set_up(database.admin_url, jobs)
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            left = _remaining(conn, peer)
            if left != jobs:
                raise RuntimeError(f"{peer.name} filled {left} jobs, not {jobs}")
            with peer.working(database.admin_url, 2, batch):
                until = time.monotonic() + 60
                while left and time.monotonic() < until:
                    time.sleep(0.02)
                    left = _remaining(conn, peer)
    return left
