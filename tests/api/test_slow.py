"""What costs the most time, by the names of our queries; where nobody counts, what is missing and what mends it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest
from click.testing import CliRunner
from tests import factories

from renderstore import aconnect, connect, render, work
from renderstore._slow import Missing, SlowStatement, slowest
from renderstore.cli import cli
from renderstore.health import Health, HealthMeasure, Verdict
from renderstore.server import THROW_AWAY, ServerError, disposable, embedded_binaries
from renderstore.testing import Database, Server
from renderstore.testing.servers import cluster_url, running_server


def with_statistics() -> list[Path]:
    """Binaries that bring pg_stat_statements."""
    found = [Path("/usr/lib/postgresql/15/bin")]
    with contextlib.suppress(ServerError):
        found.append(embedded_binaries(contrib=True))
    return [
        binaries
        for binaries in found
        if (binaries / "postgres").exists()
        and any((binaries.parent / "lib").rglob("pg_stat_statements.*"))
    ]


BINARIES: list[Path | None] = [*with_statistics()] or [None]


@pytest.fixture(
    scope="module",
    params=BINARIES,
    ids=str,
)
def counting(request: pytest.FixtureRequest) -> Generator[Server]:
    """A server that counts what functions run too."""
    if request.param is None:
        pytest.skip("no PostgreSQL here has pg_stat_statements")
    settings = {
        **THROW_AWAY,
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.track": "all",
    }
    with (
        disposable(request.param, settings) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield server


@pytest.fixture
def counted(counting: Server) -> Generator[Database]:
    """A database of its own there, whose reader sees what everybody runs."""
    made = counting.clone()
    administer(made, "grant pg_read_all_stats to renderstore_readonly")
    yield made
    counting.drop(made)


def administer(database: Database, *statements: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


CREATE = (
    'create schema "Odd schema"',
    'create extension pg_stat_statements schema "Odd schema"',
    'grant usage on schema "Odd schema" to renderstore_readonly',
)


def ask(database: Database, **how: Any) -> list[SlowStatement] | Missing:
    """As a reader does."""
    with factories.acting(database, "readonly") as conn:
        return slowest(conn, **how)


def found(database: Database, **how: Any) -> dict[str, SlowStatement]:
    said = ask(database, limit=1000, **how)
    assert isinstance(said, list)
    return {each.name: each for each in said if each.name}


def use(database: Database, times: int) -> None:
    """Two users ask for the same."""
    with connect(database.url) as store:
        for _ in range(2):
            scope = store.user(factories.users.make(database))
            scope.run(render.jobs.submit, output_path="/a.mov", project_path="/a.aep")
            for _ in range(times):
                scope.run(work.jobs.list, page_size=3)


def test_our_queries_have_their_names_whoever_runs_them(counted: Database) -> None:
    administer(counted, *CREATE)
    use(counted, 5)
    said = found(counted)
    listed = said["work.jobs.list"]
    assert (listed.calls, listed.rows, listed.is_inner) == (10, 10, False)
    assert listed.mean_ms == pytest.approx(listed.total_ms / 10)
    assert listed.text.startswith("select /* work.jobs.list */ user_id, id, kind,")
    assert said["render.jobs.submit"].calls == 2


def test_shares_add_up_to_one_and_the_costliest_comes_first(counted: Database) -> None:
    administer(counted, *CREATE)
    use(counted, 1)
    said = ask(counted, limit=1000)
    assert isinstance(said, list)
    # The question itself is counted once it has ended.
    assert sum(each.share for each in said) == pytest.approx(1)
    totals = [each.total_ms for each in said]
    assert totals == sorted(totals, reverse=True)
    few = ask(counted, limit=2)
    assert isinstance(few, list)
    assert len(few) == 2


def test_what_functions_run_is_shown_when_asked_for(counted: Database) -> None:
    administer(counted, *CREATE)
    use(counted, 1)
    outer, every = ask(counted, limit=1000), ask(counted, limit=1000, inner=True)
    assert isinstance(outer, list)
    assert isinstance(every, list)
    assert not any(each.is_inner for each in outer)
    inner = [each for each in every if each.is_inner]
    assert any("insert into work.jobs" in each.text for each in inner)
    assert {each.share for each in inner} == {0.0}


def test_a_server_that_does_not_count_says_so(database: Database) -> None:
    assert ask(database) is Missing.NOT_LOADED


@pytest.mark.parametrize("binaries", with_statistics(), ids=str)
def test_a_view_without_its_library_is_not_loaded(binaries: Path) -> None:
    with (
        disposable(binaries) as cluster,
        running_server(cluster_url(cluster)) as server,
        psycopg.connect(server.clone().admin_url) as conn,
    ):
        conn.execute("create extension pg_stat_statements")
        assert slowest(conn) is Missing.NOT_LOADED
        # A session may say what it likes; the caller's transaction goes on all the same.
        conn.execute("set pg_stat_statements.max = '1'")
        assert slowest(conn) is Missing.NOT_LOADED
        assert conn.execute("select 1").fetchone() == (1,)


def test_what_is_missing_is_named_one_after_the_other(counted: Database) -> None:
    assert ask(counted) is Missing.NOT_CREATED
    administer(counted, *CREATE[:2])
    assert ask(counted) is Missing.NOT_READABLE
    administer(
        counted,
        CREATE[2],
        "revoke pg_read_all_stats from renderstore_readonly",
    )
    assert ask(counted) is Missing.NOT_ALL
    administer(counted, "grant pg_read_all_stats to renderstore_readonly")
    assert isinstance(ask(counted), list)


def test_an_old_view_is_updated_by_what_is_said(counted: Database) -> None:
    administer(counted, "create extension pg_stat_statements version '1.7'")
    assert ask(counted) is Missing.OUTDATED
    administer(counted, *Missing.OUTDATED.remedy)
    assert isinstance(ask(counted), list)


# Health


def test_health_has_the_slowest_in_both_colours(counted: Database) -> None:
    # A busy machine takes its time; a minute is too much for any, and a sleep is never shorter.
    warn = "update ops.health_rules set warn_above = %s where name = 'slowest_query_ms'"
    administer(counted, *CREATE, warn % 60_000)
    use(counted, 1)
    with connect(counted.url) as store:
        assert measure(store.health()).verdict is Verdict.OK
        administer(counted, warn % 50)
        with store.readonly() as conn:
            conn.execute("select /* tests.sleep */ pg_sleep(0.1)")
        seen = store.health()

    async def ask_too() -> Health:
        async with aconnect(counted.url) as astore:
            return await astore.health()

    for found in (seen, anyio.run(ask_too)):
        assert {"tests.sleep", "render.jobs.submit"} <= {
            each.name for each in found.slowest
        }
        assert measure(found).verdict is Verdict.WARN
        # The question itself is counted once it has ended, and may be slower.
        [slept] = [each for each in found.slowest if each.name == "tests.sleep"]
        assert (measure(found).value or 0) >= slept.mean_ms >= 100
        assert json.loads(json.dumps(found.as_json()))["slowest"][0]["mean_ms"]


def test_health_does_not_know_the_slowest_without_the_right_to_see_them(
    counted: Database,
) -> None:
    administer(counted, *CREATE, "revoke pg_read_all_stats from renderstore_readonly")
    with connect(counted.url) as store:
        found = store.health()
    assert found.slowest == []
    assert measure(found).verdict is Verdict.UNKNOWN


def measure(found: Health) -> HealthMeasure:
    [one] = [each for each in found.measures if each.name == "slowest_query_ms"]
    return one


# The command


def type_slow(
    database: Database, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> str:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("DIRECT_URL", database.owner_url)
    said = CliRunner().invoke(cli, ["slow", *arguments])
    assert said.exit_code == 0, said.output
    return said.output


def test_the_command_shows_a_table_of_80_columns(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    administer(counted, *CREATE)
    use(counted, 3)
    said = type_slow(counted, monkeypatch, "--limit", "1000", "--inside").splitlines()
    assert max(map(len, said)) <= 80, "\n".join(said)
    [row] = [line for line in said if line.endswith("  work.jobs.list")]
    assert row.split()[2] == "6"
    assert any("in a function: " in line for line in said)


def test_the_command_gives_a_program_json(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    administer(counted, *CREATE)
    use(counted, 1)
    said = json.loads(type_slow(counted, monkeypatch, "--json", "--limit", "1000"))
    assert said["missing"] is None
    assert "work.jobs.list" in {each["name"] for each in said["statements"]}


def test_the_command_says_how_to_switch_it_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = type_slow(database, monkeypatch)
    assert "alter system set shared_preload_libraries = pg_stat_statements;" in said
    assert "create extension pg_stat_statements;" in said
    assert "grant pg_read_all_stats to renderstore_readonly;" in said
    assert "hosted" in said
    assert max(map(len, said.splitlines())) <= 80, said
    assert json.loads(type_slow(database, monkeypatch, "--json"))["missing"] == (
        "not loaded"
    )
