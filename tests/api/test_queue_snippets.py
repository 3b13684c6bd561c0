"""What a snippet of the one on call says, that it fits 80 columns, and that a farm with a million jobs answers within a second."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.api.farm import ask, cells, fill

from renderstore._paths import INSPECT, SEEDS
from renderstore.testing import Database, Server

SNIPPETS = ("queue", "stuck", "holds", "failed", "users", "today")
# Besides, what says how the server does.
NARROW = (*SNIPPETS, "locks", "running", "connections", "slow", "who", "sizes")
# Read from end to end on purpose: they stay small.
LARGE = {"jobs", "ready", "specs", "events", "users", "dependencies"}


def statements(path: str) -> Iterator[str]:
    """What a snippet asks, without what psql does itself."""
    text = re.sub(r"^ *--.*\n", "", (INSPECT / path).read_text(), flags=re.M)
    asked = re.sub(r"^ *\\.*$", ";\n", text, flags=re.M)
    return filter(None, (each.strip(" \n;") for each in asked.split(";\n")))


@pytest.fixture(scope="module")
def full(renderstore_server: Server, rows: int) -> Generator[Database]:
    """A farm with that many jobs."""
    database = renderstore_server.clone()
    fill(database, rows)
    yield database
    renderstore_server.drop(database)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a statement did."""

    milliseconds: float
    blocks: int
    scanned: frozenset[str]
    """Tables read from end to end."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def cost(database: Database, statement: str, rows: int) -> Cost:
    """Asked as a reader; of a history that is no longer than what is looked at, its end."""
    with factories.acting(database, "readonly") as conn:
        [(last,)] = conn.execute("select max(id) from work.events").fetchall()
        statement = statement.replace(
            ":events_after", str(last - min(200_000, rows // 20))
        )
        row = conn.execute(
            f"explain (analyze, buffers, format json) {statement}".encode()
        ).fetchone()
    assert row is not None
    [found] = row[0] if isinstance(row[0], list) else json.loads(row[0])
    plan = found["Plan"]
    return Cost(
        found["Execution Time"] + found["Planning Time"],
        plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        frozenset(
            node["Relation Name"]
            for node in nodes(plan)
            if node["Node Type"] == "Seq Scan"
        ),
    )


@pytest.mark.parametrize("path", [*(f"{name}.sql" for name in SNIPPETS), "events.psql"])
def test_a_large_farm_is_read_by_index(full: Database, rows: int, path: str) -> None:
    for statement in statements(path):
        found = cost(full, statement, rows)
        print(f"{path}: {found}")
        assert not found.scanned & LARGE - {"users"}, statement
        # A count reads some 200 entries of an index a block; a job lies in a block of its own, and so does what it needs.
        assert found.blocks < max(20_000, rows * 0.2), (
            f"{path}: {found.blocks}\n{statement}"
        )
        if "RENDERSTORE_PROVE" in os.environ:
            best = min(cost(full, statement, rows).milliseconds for _ in range(3))
            assert best < 1000, f"{path}: {best} ms\n{statement}"


@pytest.mark.parametrize("snippet", NARROW)
def test_no_line_is_wider_than_80_columns(full: Database, snippet: str) -> None:
    said = ask(full, snippet)
    assert max(map(len, said)) <= 80, "\n".join(
        [f"open {INSPECT / snippet}.sql", *said]
    )
    assert "\x1b" not in "".join(said)


def test_users_name_who_fills_the_queue(full: Database) -> None:
    [first, *others] = cells(full, "users")
    [(user_id,)] = factories.look(full, "select min(id::text) from identity.users")
    assert first[0].splitlines()[1] == user_id
    assert first[2] == "90 %"
    assert {each[2] for each in others} <= {"0 %", "1 %"}


def test_today_counts_workers_together_and_names_people(full: Database) -> None:
    said = {(row[0], row[1]): row[2] for row in cells(full, "today")}
    [(completed,)] = factories.look(
        full,
        "select count(*)::text from work.events where after = 'completed'"
        " and actor like 'worker:%%' and happened_at >= date_trunc('day', now())"
        " and id > (select max(id) - 200000 from work.events)",
    )
    # Around midnight nothing has become of anything yet.
    assert said.get(("workers", "jobs became completed"), "0") == completed
    assert all(
        who == "workers" or who.startswith(("user:somebody-with", "login:", "Nothing"))
        for who, _ in said
    )


@pytest.fixture(scope="module")
def seeded(renderstore_server: Server) -> Generator[Database]:
    """The small farm of the seeds, with leases that are over."""
    database = renderstore_server.clone()
    with psycopg.connect(database.url, autocommit=True) as conn:
        for path in sorted(SEEDS.glob("*.sql")):
            conn.execute(path.read_bytes())
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 minute'"
            " where held_by = 'demo-mac-mini-1'"
        )
    yield database
    renderstore_server.drop(database)


def test_queue_counts_by_status_and_shows_the_oldest(seeded: Database) -> None:
    said = cells(seeded, "queue")
    counted = factories.look(
        seeded, "select status::text, count(*)::text from work.jobs group by status"
    )
    assert {row[0]: row[1] for row in said} == dict(counted)
    [oldest] = factories.look(
        seeded, "select min(id::text) from work.jobs where status = 'queued'"
    )
    assert [row[3] for row in said if row[0] == "queued"] == list(oldest)
    assert [row[2] for row in said if row[0] == "completed"] == ["(null)"]


def test_stuck_names_the_silent_and_what_they_hold(seeded: Database) -> None:
    said = cells(seeded, "stuck")
    [silent] = [row for row in said if row[0].endswith("demo-mac-mini-1")]
    assert (silent[1][:6], silent[2]) == ("00:25:", "3")
    # The others were heard of, or have said that they stop.
    assert not [row for row in said if row[0] in ("demo-mac-pro-1", "demo-linux-1")]


def test_holds_shows_who_holds_what(seeded: Database) -> None:
    said = cells(seeded, "holds")
    held = factories.look(
        seeded, "select held_by, id::text from work.jobs where held_by is not null"
    )
    assert sorted(tuple(row[0].splitlines()) for row in said) == sorted(held)
    # The leases that are over come first, and one job was asked to stop.
    assert {row[0].splitlines()[0] for row in said[:3]} == {"demo-mac-mini-1"}
    assert all(row[2].startswith("-") for row in said[:3])
    assert sum("should stop" in row[2] for row in said) == 1


def test_failed_shows_the_last_hour_by_class(seeded: Database) -> None:
    said = {row[3].splitlines()[0]: row for row in cells(seeded, "failed")}
    counted = factories.look(
        seeded,
        "select error_class, count(*) filter (where after = 'failed')::text,"
        " count(*) filter (where after <> 'failed')::text"
        " from work.events where error_class is not null group by error_class",
    )
    assert counted
    assert {name: tuple(row[:2]) for name, row in said.items()} == {
        row[0]: row[1:] for row in counted
    }
    assert "The footage /Volumes/ads/logo.png does not" in said["missing"][3]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_who_may_not_see_jobs_is_told_so(seeded: Database, snippet: str) -> None:
    assert "ask as readonly" in ask(seeded, snippet, role="auth")[0]
    assert ask(seeded, snippet, role="worker")[0].startswith(
        "A worker sees the jobs alone"
    )


@pytest.mark.parametrize(
    ("snippet", "sentence"),
    [
        ("stuck", "Nothing is stuck."),
        ("holds", "No worker holds a job."),
        ("failed", "Nothing failed in the last hour."),
        ("users", "Nobody's jobs wait in line."),
        ("today", "Nothing has changed since midnight."),
        ("locks", "Nobody waits for a lock."),
    ],
)
def test_nothing_to_show_is_a_sentence(
    database: Database, snippet: str, sentence: str
) -> None:
    assert sentence in ask(database, snippet)


def test_failed_says_where_the_hour_may_have_had_more(database: Database) -> None:
    cut = "Of the last 200,000 changes alone: the hour may have had more."
    factories.job(database, "failed")
    assert cut not in ask(database, "failed")
    change(
        database,
        "select setval(pg_get_serial_sequence('work.events', 'id'), 300000)",
    )
    factories.job(database, "failed")
    assert cut in ask(database, "failed")


# Faults made on purpose


def stuck(database: Database) -> str:
    return " ".join(" ".join(ask(database, "stuck", "-At")).split())


def change(database: Database, statement: str, **values: object) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(statement.encode(), values)


def alive(database: Database, name: str = "mac-1", labels: str = "{}") -> None:
    """A worker that was heard of just now and takes from the lanes that are open."""
    with factories.acting(database, "worker", actor=f"worker:{name}") as conn:
        conn.execute("select work.register('{render}', %s)", [labels])


@pytest.mark.parametrize(
    ("status", "changes", "said"),
    [
        (
            "running",
            "lease_expires_at = now() - interval '1 minute'",
            "1|running, with a lease that is over: nobody sweeps",
        ),
        (
            "validating",
            "lease_expires_at = now() - interval '1 minute'",
            "1|validating, with a lease that is over: nobody sweeps",
        ),
        (
            "pending",
            "due_at = now() - interval '1 minute'",
            "1|pending, though due: nobody sweeps",
        ),
        (
            "running",
            "cancel_requested_at = now() - interval '2 minutes'",
            "1|running, though it was cancelled more than a minute ago",
        ),
        (
            "running",
            "estimated_s = 60, started_at = now() - interval '1 hour'",
            "1|running, more than three times as long as was estimated",
        ),
        (
            "pending",
            "is_unchecked = true, due_at = null, queued_at = now() - interval '6 minutes'",
            "1|pending for more than five minutes: no worker has looked at this render",
        ),
    ],
)
def test_stuck_says_why_of_a_job(
    database: Database, status: str, changes: str, said: str
) -> None:
    alive(database)
    made = factories.job(database, status)
    assert "Nothing is stuck." in ask(database, "stuck")
    change(database, f"update work.jobs set {changes}")
    assert said in stuck(database)
    assert f"such as {made.id} of user" in stuck(database)


def test_stuck_names_what_no_worker_offers(database: Database) -> None:
    alive(database)
    made = factories.job(database, labels=["gpu", "nuke-15"])
    assert (
        "1|queued for render {gpu, nuke-15}, priority 5: no worker offers this"
        f" such as {made.id}" in stuck(database)
    )


def test_stuck_names_lanes_whose_workers_are_silent(database: Database) -> None:
    factories.job(database)
    alive(database)
    assert "Nothing is stuck." in ask(database, "stuck")
    change(database, "update work.workers set seen_at = now() - interval '1 hour'")
    said = stuck(database)
    assert "the worker that offers this is silent or stopped" in said
    assert "mac-1|01:00:0" in said


def test_stuck_names_pauses_and_who_made_them(database: Database) -> None:
    made = factories.job(database)
    alive(database)
    with factories.acting(database, "admin", actor="dba:ann") as conn:
        conn.execute("select work.pause('', 'The storage moves')")
    assert (
        "1|queued for render, priority 5: the whole farm is paused by dba:ann: The"
        " storage moves" in stuck(database)
    )
    with factories.acting(database, "admin", actor="dba:ann") as conn:
        conn.execute("select work.resume('')")
        conn.execute("select work.pause_user(%s, 'An unpaid bill')", [made.user_id])
    assert "1|queued: its user was paused by dba:ann: An unpaid bill" in stuck(database)
    said = cells(database, "today")
    assert ["dba:ann", "user_pauses: insert", "1"] in [row[:3] for row in said]
    assert cells(database, "users")[0][1].splitlines() == ["1", "paused"]


def test_stuck_names_a_job_behind_one_that_failed(database: Database) -> None:
    alive(database)
    first = factories.job(database)
    behind = factories.job(
        database, "pending", user_id=first.user_id, needs=[first], on_failure="wait"
    )
    assert "Nothing is stuck." in ask(database, "stuck")
    change(
        database,
        "update work.jobs set status = 'failed', error_class = 'crashed',"
        " completed_at = now() where id = %(id)s",
        id=first.id,
    )
    assert (
        "1|pending: a job that it needs has failed, and it waits until that is tried"
        f" again such as {behind.id}" in stuck(database)
    )


def test_stuck_names_what_is_in_no_lane_yet(database: Database) -> None:
    owner = factories.users.make(database)
    with factories.acting(database, "app", owner, "user:x") as conn:
        conn.execute("select render.submit('/a.mov', project_path => '/a.aep')")
    assert "Nothing is stuck." in ask(database, "stuck")
    change(database, "update work.jobs set queued_at = now() - interval '2 minutes'")
    assert "1|queued, in no lane yet: no worker claims" in stuck(database)


def test_stuck_names_a_report_that_somebody_keeps_from_the_job(
    database: Database,
) -> None:
    alive(database)
    made = factories.job(database, "running")
    change(
        database,
        "insert into work.reports (user_id, job_id, attempt, held_by, actor, outcome,"
        " reported_at) values (%(user_id)s, %(id)s, 1, 'mac-1', 'worker:mac-1',"
        " 'completed', now() - interval '2 minutes')",
        **made.key,
    )
    assert "1|reported by its worker, and noted: somebody has its row locked" in stuck(
        database
    )


def test_failed_names_the_worker_that_fails_most(database: Database) -> None:
    for name in ("bad-mac", "bad-mac", "good-mac"):
        factories.job(database, "failed", held_by=name)
    said = ask(database, "failed")
    assert any("2 of 3 by bad-mac" in line for line in said), said
