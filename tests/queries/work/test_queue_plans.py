"""The queue's hot statements run on plans made once, and read a handful of rows by index.

What is asked is not a plan's text but what was done: how often the server planned, which it
says itself under debug_print_plan, for the statements inside functions and triggers too, and
how many rows of which table were read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import Diagnostic
from tests import factories
from tests.factories import registered

from renderstore import render, work
from renderstore.store import SyncScope, SyncStore, connect
from renderstore.testing import Database
from renderstore.testing.servers import Server
from renderstore.work import area

Conn = Connection[Any]

EXECUTIONS = 100
OWNERS = 20
HANDFUL = 500

# Read from end to end on purpose: they stay small.
SMALL = {
    "error_classes",
    "lanes",
    "leftovers",
    "pauses",
    "plans",
    "reports",
    "transitions",
    "user_pauses",
    "waits",
    "workers",
}

SUBMIT = """
with made as (
    select u.id as user_id, m.id
    from unnest(%(owners)s::uuid[]) as u (id)
    cross join lateral work.submit_many(
        u.id,
        'render',
        %(each)s,
        due_at => case when %(is_late)s then now() + interval '1 day' end
    ) as m
)

insert into render.specs (user_id, job_id, template_path, output_path)
select user_id, id, '/a.aep', '/b.mov'
from made
"""

UNCHECKED = """
insert into render.specs (user_id, job_id, template_path, output_path)
select %(owner)s, id, '/a.aep', '/b.mov'
from work.submit(user_id => %(owner)s, kind => 'render', is_unchecked => true)
"""

# Ended jobs, past the calls: what matters is that they lie there.
END = """
insert into work.jobs (user_id, kind, status, attempt, started_at, completed_at)
select u.id, 'render', 'completed', 1, now(), now()
from (select distinct user_id as id from work.jobs) as u
cross join generate_series(1, {each}) as n;
insert into work.events (
    user_id, job_id, attempt, before, after, began_at, held_by, actor
)
select user_id, id, 1, 'running', 'completed', started_at, 'w', 'worker:w'
from work.jobs
where status = 'completed';
insert into render.specs (user_id, job_id, template_path, output_path)
select user_id, id, '/a.aep', '/b.mov'
from work.jobs
where status = 'completed';
"""

READ = """
select
    relname::text,
    coalesce(seq_scan, 0),
    coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
from pg_catalog.pg_stat_xact_all_tables
where schemaname in ('work', 'render', 'identity')
"""


@dataclass
class Ground:
    """A database and the users who have jobs in it."""

    database: Database
    owners: list[UUID]


def fill(ground: Ground, rows: int) -> None:
    """As many waiting jobs as asked, a tenth of them not due, and as many that have ended."""
    each = rows // OWNERS
    with psycopg.connect(ground.database.admin_url, autocommit=True) as conn:
        for is_late, jobs in ((False, each - each // 10), (True, each // 10)):
            conn.execute(
                SUBMIT.encode(),
                {"owners": ground.owners, "each": jobs, "is_late": is_late},
            )
        unchecked = [{"owner": owner} for owner in ground.owners[:3]] * EXECUTIONS
        conn.cursor().executemany(UNCHECKED, unchecked)
        while any(conn.execute("select work.open_lanes()").fetchone() or ()):
            pass
        conn.execute(END.format(each=each).encode())


def still(database: Database) -> None:
    """No autovacuum: what a plan rests on changes where a test says so, and nowhere else."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        tables = conn.execute(
            "select format('alter table %I.%I set (autovacuum_enabled = false)',"
            " schemaname, tablename)"
            " from pg_catalog.pg_tables"
            " where schemaname in ('work', 'render', 'identity')"
        ).fetchall()
        for (change,) in tables:
            conn.execute(change)


def analyze(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")


def populate(database: Database) -> list[UUID]:
    still(database)
    plan = factories.plans.make(
        database,
        max_priority=10,
        max_active_jobs=10_000_000,
        max_daily_jobs=10_000_000,
    )
    with psycopg.connect(database.admin_url) as conn:
        # More users than have jobs, so that reading them all is nobody's best plan.
        rows = conn.execute(
            "insert into identity.users (email, plan_id)"
            " select n || '@example.org', %s from generate_series(1, 2000) as n"
            " returning id",
            [plan],
        ).fetchall()
    return [row[0] for row in rows[:OWNERS]]


@pytest.fixture(scope="module")
def full(renderstore_server: Server, rows: int) -> Generator[Ground]:
    """Filled and analyzed before anybody asks."""
    database = renderstore_server.clone()
    ground = Ground(database, populate(database))
    fill(ground, rows)
    analyze(database)
    yield ground
    renderstore_server.drop(database)


def running(ground: Ground) -> int:
    """How many jobs run: the sweep looks at the lease of each, for which there is no index."""
    [row] = factories.look(
        ground.database, "select count(*) from work.jobs where status = 'running'"
    )
    return int(row[0])


@dataclass
class Hot:
    """A statement that is executed again and again on one connection."""

    ground: Ground
    held: list[work.jobs.Claim] = field(default_factory=list[work.jobs.Claim])

    def keys(self, most: int) -> tuple[list[UUID], list[UUID], list[int]]:
        some = self.held[:most]
        return (
            [job.user_id for job in some],
            [job.id for job in some],
            [job.attempt for job in some],
        )


def claim_one(hot: Hot, conn: Conn) -> None:
    hot.held += work.jobs.claim(conn, limit=1)


def claim_many(hot: Hot, conn: Conn) -> None:
    hot.held += work.jobs.claim(conn, limit=10)


def validate(hot: Hot, conn: Conn) -> None:
    hot.held += work.jobs.validate(conn, limit=1)


def heartbeat_many(hot: Hot, conn: Conn) -> None:
    if not hot.held:
        claim_many(hot, conn)
    users, ids, attempts = hot.keys(10)
    work.jobs.heartbeat_many(
        conn,
        user_ids=users,
        ids=ids,
        attempts=attempts,
        progresses=[50] * len(ids),
    )


def finish_many(hot: Hot, conn: Conn) -> None:
    if len(hot.held) < 5:
        hot.held += work.jobs.claim(conn, limit=5 * (EXECUTIONS + 5))
    users, ids, attempts = hot.keys(5)
    refused = work.jobs.finish_many(conn, user_ids=users, ids=ids, attempts=attempts)
    assert refused == []
    del hot.held[:5]


def finish_and_claim(hot: Hot, conn: Conn) -> None:
    users, ids, attempts = hot.keys(1)
    answer = work.jobs.finish_and_claim(
        conn, user_ids=users, ids=ids, attempts=attempts, limit=1
    )
    hot.held = [
        work.jobs.Claim(
            user_id=row.user_id,
            id=row.id,
            attempt=row.attempt,
            kind=row.kind,
            lease_expires_at=row.lease_expires_at,
        )
        for row in answer
        if row.attempt and row.kind and row.lease_expires_at and not row.is_refused
    ]


def submit(hot: Hot, conn: Conn) -> None:
    render.jobs.submit(conn, template_path="/a.aep", output_path="/b.mov")


def insert(hot: Hot, conn: Conn) -> None:
    conn.execute(
        "insert into render.jobs (user_id, template_path, output_path)"
        " values (%s, '/a.aep', '/b.mov')",
        [hot.ground.owners[0]],
    )


def sweep(hot: Hot, conn: Conn) -> None:
    area.sweep(conn, max_rows=10)


Act = Callable[[Hot, Conn], None]

WORKER: Sequence[Act] = (
    claim_one,
    claim_many,
    validate,
    heartbeat_many,
    finish_many,
    finish_and_claim,
    sweep,
)
CLAIMS: Sequence[Act] = (claim_one, claim_many, validate)
APP: Sequence[Act] = (submit, insert)


def scope(store: Any, hot: Hot, act: Act) -> SyncScope:
    entered: SyncScope = (
        registered(store, "hot") if act in WORKER else store.user(hot.ground.owners[0])
    )
    return entered


# The sweep's frame reads from a table which function is next: this call is new each time, what the function does is not.
NEXT_PART = re.compile(
    r'SQL statement "select work\.\w+\(\$1\)"\nPL/pgSQL function ops\.sweep\('
)
# Before 18 PostgreSQL keeps no plan of a function in SQL.
IN_SQL = re.compile(r'SQL function "\w+"')


def planned(hot: Hot, store: Any, act: Act) -> list[str]:
    """What the server planned while it did this once."""
    plans: list[str] = []
    is_kept = True

    def listen(diagnostic: Diagnostic) -> None:
        where = diagnostic.context or "the statement itself"
        if diagnostic.message_primary != "plan:" or NEXT_PART.match(where):
            return
        if is_kept or not IN_SQL.match(where):
            plans.append(where)

    with scope(store, hot, act) as conn:
        is_kept = conn.info.server_version >= 180000
        conn.execute("select 1")
        conn.add_notice_handler(listen)
        conn.execute("set local client_min_messages = log")
        conn.execute("set local debug_print_plan = on")
        try:
            act(hot, conn)
        finally:
            conn.remove_notice_handler(listen)
    return plans


def read(hot: Hot, store: Any, act: Act) -> dict[str, tuple[int, int]]:
    """Scans from end to end and rows read of each table while it did this once."""
    with scope(store, hot, act) as conn:
        before = {row[0]: row[1:] for row in conn.execute(READ)}
        act(hot, conn)
        after = {row[0]: row[1:] for row in conn.execute(READ)}
    return {
        name: (
            after[name][0] - before.get(name, (0, 0))[0],
            after[name][1] - before.get(name, (0, 0))[1],
        )
        for name in after
        if name not in SMALL and after[name] != before.get(name)
    }


def warm(hot: Hot, store: Any, act: Act) -> None:
    for _ in range(EXECUTIONS):
        with scope(store, hot, act) as conn:
            act(hot, conn)


@pytest.mark.parametrize("act", [*WORKER, *APP])
def test_a_hot_statement_is_planned_no_more_after_a_hundred_executions(
    full: Ground, act: Act
) -> None:
    hot = Hot(full)
    with connect(full.database.url, size=1) as store:
        warm(hot, store, act)
        plans = planned(hot, store, act)
    assert plans == []


@pytest.mark.parametrize("act", [*WORKER, *APP])
def test_a_hot_statement_reads_a_handful_of_rows(full: Ground, act: Act) -> None:
    hot = Hot(full)
    with connect(full.database.url, size=1) as store:
        warm(hot, store, act)
        counted = read(hot, store, act)
    assert len(hot.held) > EXECUTIONS or act not in CLAIMS
    assert [name for name, (scans, _) in counted.items() if scans] == []
    assert sum(rows for _, rows in counted.values()) < HANDFUL + running(full), counted


@pytest.fixture(scope="module")
def early(
    renderstore_server: Server, rows: int
) -> Generator[dict[str, tuple[Hot, SyncStore]]]:
    """A connection for each statement, whose plans are made on empty tables: those are filled afterwards."""
    database = renderstore_server.clone()
    ground = Ground(database, populate(database))
    with ExitStack() as stack:
        stack.callback(renderstore_server.drop, database)
        made: dict[str, tuple[Hot, SyncStore]] = {}
        for act in (*WORKER, *APP):
            hot, store = (
                Hot(ground),
                stack.enter_context(connect(database.url, size=1)),
            )
            for _ in range(10):
                with scope(store, hot, act) as conn:
                    if act not in APP:
                        act(hot, conn)
                    else:  # taken back, so that the tables stay empty
                        with conn.transaction(force_rollback=True):
                            act(hot, conn)
            made[act.__name__] = hot, store
        fill(ground, min(rows, 10_000))
        yield made


@pytest.mark.parametrize("act", [*WORKER, *APP])
def test_a_plan_made_on_empty_tables_holds_on_full_ones(
    early: dict[str, tuple[Hot, SyncStore]], act: Act
) -> None:
    hot, store = early[act.__name__]
    with scope(store, hot, act) as conn:
        act(hot, conn)  # the first one has more to take
    counted = read(hot, store, act)
    assert [name for name, (scans, _) in counted.items() if scans] == []
    most = HANDFUL + running(hot.ground)
    assert sum(rows for _, rows in counted.values()) < most, counted
