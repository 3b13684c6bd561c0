"""What the commands say of several farms, one of which is away."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.factories import look, plans
from tests.farms import Farms
from tests.program import RENDERSTORE
from tests.worker.support import count, submit

from renderstore import janitor
from renderstore.cli import cli
from renderstore.errors import Unreachable
from renderstore.store import connect_farms
from renderstore.testing import Database

NOWHERE = "postgresql://web@127.0.0.1:1/farm"


def typed(
    farms: Farms, *words: str, third: str = ""
) -> subprocess.CompletedProcess[str]:
    """A command over both, and a third where one is named."""
    urls = f"2={farms.far.url}" + f" 3={third}" * bool(third)
    return subprocess.run(
        [*RENDERSTORE, *words],
        env={**os.environ, "DATABASE_URL": farms.home.url, "FARM_URLS": urls},
        capture_output=True,
        text=True,
        check=False,
    )


def test_health_is_every_nodes_and_says_which_is_away(farms: Farms) -> None:
    said = typed(farms, "health", third=NOWHERE)
    assert said.returncode == 2, said.stderr
    heads = [each for each in said.stdout.splitlines() if each.startswith("Farm ")]
    assert heads == ["Farm 1, home", "Farm 2", "Farm 3"]
    assert "FAIL    The database 'farm' on 127.0.0.1" in said.stdout
    assert said.stdout.endswith("fail: the worst of 3 nodes\n")
    found = json.loads(typed(farms, "health", "--json", third=NOWHERE).stdout)
    assert [*found["nodes"]] == ["farm 1, home", "farm 2", "farm 3"]
    assert any(each.startswith("farm 3: ") for each in found["reasons"])
    figures = typed(farms, "health", "--prometheus", third=NOWHERE).stdout
    assert 'renderstore_up{node="farm 2"} 1\n' in figures
    assert 'renderstore_up{node="farm 3"} 0\n' in figures
    assert figures.count("# TYPE renderstore_up gauge") == 1
    assert 'renderstore_measure_verdict{node="farm 2",measure="' in figures


def test_watch_shows_one_farm_below_the_other(farms: Farms) -> None:
    said = typed(farms, "watch", "--once", third=NOWHERE)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    heads = [each[:8] for each in lines if each.startswith(" farm ")]
    assert heads == [" farm 1 ", " farm 2 ", " farm 3 "]
    assert farms.home.name[:20] in said.stdout
    assert "cannot be reached" in lines[-1]
    found = json.loads(typed(farms, "watch", "--json", third=NOWHERE).stdout)
    assert found["1"]["database"] == farms.home.name
    assert found["2"]["database"] == farms.far.name
    assert "cannot be reached" in found["3"]["problem"]


def test_a_worker_that_is_typed_works_on_all(farms: Farms) -> None:
    plan = plans.make(farms.home, max_priority=10)
    for number in (1, 2):
        user = farms.user(number, plan_id=plan)
        submit(farms.database(number), user, 2)
    said = typed(farms, "work", "mac", "--run", "true", "--until-empty")
    assert said.returncode == 0, said.stderr
    assert "mac at farm 2 works on" in said.stdout
    databases: list[Database] = [farms.home, farms.far]
    assert [count(each, "completed") for each in databases] == [2, 2]


def test_upkeep_goes_over_all_and_says_which_is_away(
    farms: Farms, tmp_path: Path
) -> None:
    removal = (
        "insert into ops.removals (user_id, uri, reason)"
        " values (%(id)s, %(id)s::text || '/a.png', 'deleted') returning 1"
    )
    for number in (1, 2):
        user = farms.user(number)
        (tmp_path / str(user)).mkdir()
        for name in ("a.png", "stray.png"):
            (tmp_path / str(user) / name).touch()
        look(farms.database(number), removal, id=user)

    def asked(*words: str, third: str = "") -> Result:
        urls = f"2={farms.far.url}{third}"
        env = {"DATABASE_URL": farms.home.url, "FARM_URLS": urls}
        return CliRunner().invoke(cli, words, env=env)

    said = asked("sweep", third=f" 3={NOWHERE}")
    assert said.exit_code == 1
    assert "farm 3: The database 'farm' on 127.0.0.1" in said.stderr
    for database in (farms.home, farms.far):
        assert look(
            database, "select bool_and(last_run_at is not null) from ops.sweep_parts"
        ) == [(True,)]
    root = ("--root", str(tmp_path))
    # A farm that is away may have rows for what lies there.
    with (
        connect_farms(farms.home.url, {**farms.urls, 3: NOWHERE}, timeout=1) as lame,
        pytest.raises(Unreachable),
    ):
        list(janitor.reconcile(lame, tmp_path))
    said = asked("reconcile", *root, "--fix")
    assert "2 files without a row, 0 rows without a file; 2 fixed." in said.stdout
    assert asked("janitor", *root).stdout == (
        "farm 1, home: 2 files removed, 0 failed.\nfarm 2: 2 files removed, 0 failed.\n"
    )
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_farms_that_are_not_written_as_such_are_a_sentence(farms: Farms) -> None:
    for wrong in ("2", "two=postgresql://a/b", "2=a 2=b"):
        said = subprocess.run(
            [*RENDERSTORE, "health"],
            env={**os.environ, "DATABASE_URL": farms.home.url, "FARM_URLS": wrong},
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 1
        assert "FARM_URLS names farms as NUMBER=URL" in said.stderr
