"""What is timed: the network, a commit, what an application and a worker ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from uuid import UUID

import psycopg

from renderstore import errors, work
from renderstore._bench.ground import Ground, ground
from renderstore._bench.writing import BATCH, write_once
from renderstore._queries import load
from renderstore.settings import Settings
from renderstore.store import SyncStore

PAGE = 50
CONNECTS, TRIPS, COMMITS, READS, WRITES = 5, 200, 30, 40, 7
NOBODY = UUID(int=0)

# What a line of the report is called; where the server's clock took it, without the network and without a commit.
WRITTEN = {
    "submit": "submit a job",
    "submit_many": f"submit {BATCH} jobs",
    "claim": "claim a job",
    "claim_many": f"claim {BATCH} jobs",
    "finish": "finish a job",
    "finish_many": f"finish {BATCH} jobs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How long one thing took."""

    name: str
    what: str
    on_server: bool = False
    """Whether the server's clock took it, so that no network is in it."""
    samples: tuple[float, ...]
    """Milliseconds."""

    @property
    def median_ms(self) -> float:
        """What half of them did not exceed."""
        return median(self.samples)

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 did not exceed; of fewer the longest."""
        ordered = sorted(self.samples)
        return ordered[-(-len(ordered) * 99 // 100) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What was not measured, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was found."""

    figures: tuple[Figure, ...]
    unknown: tuple[Unknown, ...]
    ground: Ground
    compiles: bool
    """Whether the server compiles a user's counts by JIT."""

    def median_ms(self, name: str) -> float | None:
        """A figure's median; null where it was not measured."""
        return next(
            (each.median_ms for each in self.figures if each.name == name), None
        )

    def p99_ms(self, name: str) -> float | None:
        """The same for the slowest of a hundred."""
        return next((each.p99_ms for each in self.figures if each.name == name), None)


def timed(act: Callable[[], object], times: int) -> tuple[float, ...]:
    """How long each took, in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append((time.perf_counter() - begun) * 1000)
    return tuple(taken)


def measure(target: Settings) -> Report:
    """Ask the database in use. Nothing stays in it."""
    figures: list[Figure] = []
    unknown: list[Unknown] = []
    figures.append(
        Figure(
            name="connect",
            what="connect",
            samples=timed(lambda: _connect(target).close(), CONNECTS),
        )
    )
    with _connect(target) as conn:
        conn.execute("select 1")
        figures.append(
            Figure(
                name="trip",
                what="round trip (select 1)",
                samples=timed(lambda: conn.execute("select 1"), TRIPS),
            )
        )
        _commits(conn, figures, unknown)
        found = ground(conn)
        compiles = _reads(target, conn, figures, unknown)
        _writes(conn, figures, unknown)
    return Report(
        figures=tuple(figures),
        unknown=tuple(unknown),
        ground=found,
        compiles=compiles,
    )


def _connect(target: Settings) -> psycopg.Connection[Any]:
    return psycopg.connect(
        target.url, autocommit=True, connect_timeout=10, prepare_threshold=None
    )


def _commits(
    conn: psycopg.Connection[Any], figures: list[Figure], unknown: list[Unknown]
) -> None:
    # A message in the log, which no table keeps: its commit is flushed as that of a row would be.
    message = "select pg_logical_emit_message(true, 'renderstore', '')"
    try:
        samples = timed(lambda: conn.execute(message), COMMITS)
    except psycopg.Error as error:
        unknown.append(Unknown(what="a commit", why=_reason(error)))
    else:
        figures.append(Figure(name="commit", what="a commit", samples=samples))


def _reads(
    target: Settings,
    conn: psycopg.Connection[Any],
    figures: list[Figure],
    unknown: list[Unknown],
) -> bool:
    """Times what a user's page asks, and says whether the server compiles it."""
    reads = f"a page of {PAGE} jobs, their counts by status"
    try:
        with SyncStore(target) as store:
            user_id = _busiest(store)
            scope = store.user(user_id)
            scope.run(work.jobs.list, page_size=PAGE)
            figures.append(
                Figure(
                    name="page",
                    what=f"a page of {PAGE} jobs of the busiest user",
                    samples=timed(
                        lambda: scope.run(work.jobs.list, page_size=PAGE), READS
                    ),
                )
            )
            figures.append(
                Figure(
                    name="counts",
                    what="that user's counts by status",
                    samples=timed(lambda: scope.run(work.jobs.count_by_status), READS),
                )
            )
            with scope as bound:
                plan = bound.execute(
                    b"explain (analyze, format json) "
                    + load("work", "jobs")["count_by_status"].sql
                ).fetchone()
    except (errors.Error, psycopg.Error) as error:
        unknown.append(Unknown(what=reads, why=_reason(error)))
        return False
    assert plan is not None
    # Text or a list, as the connection reads JSON.
    return "JIT" in json.dumps(plan[0])


def _busiest(store: SyncStore) -> UUID:
    """The user who has most jobs, whose pages are the slowest; nobody where this login may not ask or there is none."""
    for scope in (store.readonly(), store.admin(reason="bench")):
        try:
            with scope as conn:
                row = conn.execute(
                    "select user_id from work.usages order by active_jobs desc, user_id limit 1"
                ).fetchone()
        except errors.Error:
            continue
        return UUID(str(row[0])) if row is not None else NOBODY
    return NOBODY


def _writes(
    conn: psycopg.Connection[Any], figures: list[Figure], unknown: list[Unknown]
) -> None:
    try:
        write_once(conn)  # plans and functions are read for the first time
        rounds = [write_once(conn) for _ in range(WRITES)]
    except psycopg.Error as error:
        unknown.append(Unknown(what="to submit, claim and finish", why=_reason(error)))
        return
    for name, what in WRITTEN.items():
        samples: Sequence[float] = [
            each.steps[name] for each in rounds if name in each.steps
        ]
        if samples:
            figures.append(
                Figure(name=name, what=what, on_server=True, samples=tuple(samples))
            )
        else:
            unknown.append(
                Unknown(
                    what=what,
                    why="jobs without a label wait at the highest priority, and were claimed instead",
                )
            )


def _reason(error: Exception) -> str:
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return str(error).splitlines()[0]
