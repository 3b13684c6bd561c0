"""`renderstore farms` as it is typed: jobs on each of three servers, what it refuses, and that nothing is left after `down`."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from tests.api.test_demo import until
from tests.program import RENDERSTORE

from renderstore._demo.cast import PEOPLE
from renderstore.cli import farms
from renderstore.server import ServerError, embedded_binaries
from renderstore.settings import farm_urls

FARMS = (*RENDERSTORE, "farms")


class Place:
    """A folder with three servers of its own, and what was said to be typed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "DATABASE_URL", "DIRECT_URL", "FARM_"))
        }

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """`farms`, into a pipe."""
        return subprocess.Popen(
            [*FARMS, *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def typed(self, *words: str, fails: bool = False) -> str:
        """What a command says."""
        said = subprocess.run(
            [*RENDERSTORE, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (said.returncode != 0) is fails, said.stdout + said.stderr
        return said.stdout + said.stderr

    def export(self, said: str) -> None:
        """What it says is typed."""
        self.environment |= re.findall(r"^export (\w+)='(.*)'$", said, re.M)

    def jobs(self) -> dict[int, int]:
        """How many are completed on each farm."""
        urls = farm_urls(self.environment, "FARM_DIRECT_URLS")
        urls[farms.HOME] = self.environment["DIRECT_URL"]
        found: dict[int, int] = {}
        for number, url in urls.items():
            with psycopg.connect(url) as conn:
                [(found[number],)] = conn.execute(
                    "select count(*) from work.jobs where status = 'completed'"
                ).fetchall()
                left = conn.execute(
                    "select from work.jobs where completed_at is null"
                ).fetchall()
                assert not left, f"farm {number} has jobs that have not ended"
        return found

    def left(self) -> list[str]:
        """The servers' folders, and their processes."""
        clusters = farms.clusters_of(self.folder).values()
        return [str(each.home) for each in clusters if each.home.exists()] + [
            str(each.pid()) for each in clusters if each.is_running()
        ]


@pytest.fixture
def there(tmp_path: Path) -> Generator[Place]:
    try:
        embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    made = Place(tmp_path)
    yield made
    with contextlib.suppress(AssertionError):
        made.typed("farms", "down")


def test_farms_work_go_on_and_are_gone(there: Place) -> None:
    with there.begin() as killed:
        until(killed.stdout, "Applying")
        killed.kill()
    assert there.left()
    # From what was killed, all begins anew.
    said = there.typed("farms", "--for", "10s")
    there.export(said)
    first = there.jobs()
    assert set(first) == set(farms.NAMES)
    assert all(first.values()), first
    for number in (2, 3):
        assert f"Farm {number} ({farms.NAMES[number]}) follows home" in there.typed(
            "farm", "check"
        )
    assert "jonas@demo.example.com lives on farm 3." in there.typed(
        *re.findall(r"(farm move \S+ 3)$", said, re.M)[0].split()
    )

    with there.begin() as running:
        until(running.stdout, "take from all of them in turn")
        for words in (["farms"], ["farms", "down"]):
            assert "is at work in" in there.typed(*words, fails=True)
        running.send_signal(signal.SIGINT)
        said, complaint = running.communicate()
        assert running.returncode == 130, complaint
    assert re.search(r"^ +3 .* Jonas$", said, re.M), said
    with psycopg.connect(there.environment["DIRECT_URL"]) as conn:
        [(people,)] = conn.execute("select count(*) from identity.users").fetchall()
    assert people == len(PEOPLE)
    assert sum(there.jobs().values()) >= sum(first.values())

    assert "their data is gone" in there.typed("farms", "down")
    assert there.left() == []
    assert "There are no farms here." in there.typed("farms", "down")


@pytest.mark.parametrize("moment", ["Creating", "Applying"])
def test_who_ends_it_before_it_works_leaves_nothing(there: Place, moment: str) -> None:
    with there.begin() as running:
        until(running.stdout, moment)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate()
    assert running.returncode == 130, complaint
    assert complaint == "Stopped; nothing is left half done.\n"
    assert there.left() == []


def test_without_binaries_it_is_a_sentence(
    there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from renderstore import server
    from renderstore.cli import cli

    monkeypatch.chdir(there.folder)
    monkeypatch.setattr(server, "_WHEELS", ())
    said = CliRunner().invoke(cli, ["farms"])
    assert isinstance(said.exception, ServerError)
    assert "renderstore[embedded]" in str(said.exception)
