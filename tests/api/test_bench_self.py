"""`renderstore bench self`: it leaves nothing behind, waits for nobody, and says what looks slow and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from tests import factories
from tests.factories import acting, job, look, plans, users

from renderstore import settings
from renderstore._bench import Figure, Report, findings, measure
from renderstore._bench.ground import Ground, Table, ground
from renderstore._bench.measuring import WRITTEN
from renderstore._bench.writing import BATCH, SEED, write_once
from renderstore._paths import SQL
from renderstore.cli import cli
from renderstore.testing import Database


def content(database: Database) -> dict[str, list[str]]:
    """Every row of every table."""
    with psycopg.connect(database.admin_url) as conn:
        tables = conn.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        return {
            f"{schema}.{table}": [
                str(row[0])
                for row in conn.execute(
                    sql.SQL("select t::text from {} as t order by 1").format(
                        sql.Identifier(schema, table)
                    )
                )
            ]
            for schema, table in tables
        }


@pytest.fixture
def farm(database: Database) -> Database:
    """Jobs that wait at every priority, one of them for a lane, and a worker that listens."""
    plan = plans.make(database, max_priority=10)
    owner = users.make(database, plan_id=plan)
    with acting(database, "worker", actor="worker:mac-1") as conn:
        conn.execute("select work.register('{render}', '{gpu}')")
        conn.execute("select work.await_jobs()")
    for priority in range(10):
        job(database, user_id=owner, priority=priority)
    job(database, "running", user_id=owner, held_by="mac-1")
    with acting(database, "app", owner, "user:x") as conn:
        conn.execute(
            "select render.submit('/a.mov', project_path => '/a.aep', labels => '{gpu}')"
        )
    return database


def once(database: Database) -> dict[str, float]:
    with psycopg.connect(database.url, autocommit=True) as conn:
        return dict(write_once(conn).steps)


def test_nothing_is_left_behind_and_nobody_is_told(farm: Database) -> None:
    before = content(farm)
    with psycopg.connect(farm.admin_url, autocommit=True) as ear:
        for (channel,) in look(
            farm, "select work.wake_channel(name) from work.workers"
        ):
            ear.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        ear.execute("listen renderstore_wake")
        report = measure(settings.parse(farm.url))
        assert not [*ear.notifies(timeout=0.2)]
    assert report.unknown == ()
    assert {each.name for each in report.figures} == {
        *("connect", "trip", "commit", "page", "counts"),
        *WRITTEN,
    }
    assert all(min(each.samples) > 0 for each in report.figures)
    assert content(farm) == before
    assert len(before) > 40


def test_it_claims_its_own_jobs_of_all_that_wait(farm: Database) -> None:
    # A claim that had taken another's would leave out the finish.
    for _ in range(40):
        assert set(once(farm)) == set(WRITTEN)


def test_the_seed_keeps_the_claim_from_ignoring_priority(database: Database) -> None:
    with psycopg.connect(database.url) as conn:
        conn.execute("select setseed(%s)", [SEED])
        [(drawn,)] = conn.execute("select random()").fetchall()
    assert drawn >= 0.03125


def test_chance_is_chance_again_afterwards(farm: Database) -> None:
    drawn: set[float] = set()
    with psycopg.connect(farm.url, autocommit=True) as conn:
        for _ in range(3):
            write_once(conn)
            drawn.add(conn.execute("select random()").fetchall()[0][0])
    assert len(drawn) == 3


def test_jobs_at_the_highest_priority_without_a_label_stay_in_line(
    farm: Database,
) -> None:
    plan = plans.make(farm, max_priority=10)
    owner = users.make(farm, plan_id=plan)
    made = [job(farm, user_id=owner, priority=10) for _ in range(60)]
    before = content(farm)
    for _ in range(20):
        steps = once(farm)
        assert {"submit", "submit_many", "claim", "claim_many"} <= set(steps)
    assert content(farm) == before
    assert {factories.status(farm, each) for each in made} == {"queued"}


def test_a_tenant_s_open_transaction_is_not_waited_for(farm: Database) -> None:
    with psycopg.connect(farm.admin_url) as conn:
        for table in (
            *("work.jobs", "work.ready", "work.arrivals", "work.usages", "work.turns"),
            *("work.leftovers", "identity.owners"),
        ):
            conn.execute(f"select from {table} for update".encode())
        # Every lock that it asks for it gets within half a second, or it fails.
        assert set(once(farm)) == set(WRITTEN)


def test_a_login_that_may_not_is_told_what_was_not_measured(
    farm: Database,
) -> None:
    name = f"{farm.name}_web"
    target = settings.parse(farm.url)
    with psycopg.connect(farm.admin_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create role {} login noinherit password {}").format(
                sql.Identifier(name), target.conninfo.get("password", "")
            )
        )
        conn.execute(
            sql.SQL("grant renderstore_app to {}").format(sql.Identifier(name))
        )
    try:
        web = settings.parse(settings.write_url(target.conninfo | {"user": name}))
        report = measure(web)
    finally:
        with psycopg.connect(farm.admin_url, autocommit=True) as conn:
            conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
    assert {"trip", "commit", "page", "counts"} <= {
        each.name for each in report.figures
    }
    [unknown] = report.unknown
    assert unknown.what == "to submit, claim and finish"
    assert unknown.why == 'permission denied to set role "renderstore_admin"'


def test_a_failure_in_its_midst_leaves_no_transaction_open(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("drop function work.finish_many(uuid[], uuid[], integer[])")
    with psycopg.connect(database.url, autocommit=True) as conn:
        with pytest.raises(psycopg.errors.UndefinedFunction):
            write_once(conn)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert conn.execute("select current_setting('role')").fetchone() == ("none",)


# What people see


@pytest.fixture
def run(farm: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command, on this farm."""
    monkeypatch.setenv("DATABASE_URL", farm.url)
    monkeypatch.setenv("DIRECT_URL", farm.owner_url)

    def call(*arguments: str) -> str:
        said = CliRunner().invoke(cli, ["bench", "self", *arguments])
        assert said.exit_code == 0, said.output
        return said.output

    return call


def test_the_table_and_its_sentences_fit_80_columns(run: Callable[..., str]) -> None:
    said = run().splitlines()[1:]  # the first says what goes on
    assert max(map(len, said)) <= 80, "\n".join(said)
    assert f"claim {BATCH} jobs (in the server)" in "\n".join(said)


def test_a_program_gets_json_and_nothing_else(run: Callable[..., str]) -> None:
    said = json.loads(run("--json"))
    assert {each["name"] for each in said["figures"]} >= {"trip", "commit", *WRITTEN}
    assert said["unknown"] == []
    assert said["server"]["is_pooled"] is False


def test_the_recipe_runs_the_same_command(farm: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.self", "--json"],
        cwd=SQL.parent,
        env={"DATABASE_URL": farm.url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["figures"]


def test_a_server_that_is_not_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://x@/y?host={tmp_path}")
    said = CliRunner().invoke(cli, ["bench", "self"])
    assert said.exit_code == 1
    assert f"y on {tmp_path} is not reached: " in said.output


# What looks slow, and why

GROUND = Ground(
    version="18.4",
    is_standby=False,
    fsync=True,
    synchronous_commit="on",
    synchronous_standby_names="",
    jit=True,
    autovacuum=True,
    shared_buffers_bytes=8 << 30,
    database_bytes=10 << 30,
    hits=9_900_000,
    reads=100_000,
    connections=20,
    max_connections=100,
    oldest_transaction_s=1.0,
)
TIMES = {
    "connect": 5.0,
    "trip": 0.2,
    "commit": 1.2,
    "page": 2.0,
    "counts": 3.0,
    "submit": 1.0,
    "claim": 2.0,
    "finish": 1.0,
}


def report(times: dict[str, float], **changes: object) -> Report:
    compiles = bool(changes.pop("compiles", False))
    return Report(
        figures=tuple(
            Figure(name=name, what=name, samples=(took,) * 10)
            for name, took in (TIMES | times).items()
        ),
        unknown=(),
        ground=replace(GROUND, **changes),  # type: ignore[arg-type]
        compiles=compiles,
    )


def test_nothing_looks_slow_on_a_healthy_server() -> None:
    assert findings(report({})) == []


@pytest.mark.parametrize(
    ("times", "changes", "said"),
    [
        ({"trip": 30.0, "commit": 31.0, "connect": 90.0}, {}, "A round trip takes 30.0 ms"),
        ({"connect": 200.0}, {}, "To connect takes 200 ms, as long as 1000 round trips"),
        ({"commit": 20.2}, {}, "A commit waits 20.0 ms for the disk: one user submits at most 50 times"),
        ({"commit": 20.2}, {"synchronous_standby_names": "*"}, "or for a standby"),
        ({}, {"fsync": False}, "fsync is off"),
        ({}, {"synchronous_commit": "off"}, "synchronous_commit is off"),
        ({"page": 80.4}, {}, "A page of jobs takes 80 ms, 80 of them in the server"),
        ({"counts": 80.4}, {}, "keep_ended_jobs_days"),
        ({"claim": 40.0}, {}, "To claim a job takes 40 ms in the server"),
        ({}, {"compiles": True}, "set jit = off"),
        ({}, {"hits": 100_000, "reads": 100_000}, "Of what is read 50% was in shared_buffers"),
        ({}, {"shared_buffers_bytes": 128 << 20}, "shared_buffers is 128 MB, as PostgreSQL comes, and the database 10.0 GB"),
        ({}, {"tables": (Table(name="work.jobs", rows=9, dead_rows=0, is_analyzed=False, is_behind=False),)}, "Never analyzed: work.jobs."),
        ({}, {"tables": (Table(name="work.jobs", rows=9, dead_rows=70_000, is_analyzed=True, is_behind=True),)}, "work.jobs has 70000 dead rows beside 9"),
        ({}, {"autovacuum": False}, "autovacuum is off"),
        ({}, {"oldest_transaction_s": 1200.0}, "open for 20 minutes"),
        ({}, {"connections": 90}, "90 of 100 connections are taken"),
        ({}, {"is_pooled": True}, "A pooler stands between"),
    ],
)  # fmt: skip
def test_what_looks_slow_is_said_alone_and_with_its_cause(
    times: dict[str, float], changes: dict[str, object], said: str
) -> None:
    [found] = findings(report(times, **changes))
    assert said in found


def test_a_late_round_trip_is_said_where_most_are_quick() -> None:
    late = Figure(name="trip", what="trip", samples=(0.2,) * 90 + (40.0,) * 10)
    healthy = report({})
    [found] = findings(
        replace(healthy, figures=(late, *healthy.figures)),
    )
    assert "One round trip in a hundred takes 40.0 ms, most take 0.20" in found


def test_the_ground_names_a_table_that_nobody_analyzed_or_vacuumed(
    database: Database,
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(
            "create table ops.heap with (autovacuum_enabled = false)"
            " as select n, repeat('x', 100) as text from generate_series(1, 20000) as n"
        )
        conn.execute("select pg_stat_force_next_flush()")
    with psycopg.connect(database.url, autocommit=True) as conn:
        assert ("ops.heap", False, False) in noted(conn)
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("analyze ops.heap")
        conn.execute("update ops.heap set n = n")
        conn.execute("select pg_stat_force_next_flush()")
    with psycopg.connect(database.url, autocommit=True) as conn:
        assert ("ops.heap", True, True) in noted(conn)


def noted(conn: psycopg.Connection) -> list[tuple[str, bool, bool]]:
    return [
        (each.name, each.is_analyzed, each.is_behind) for each in ground(conn).tables
    ]
