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
from click.testing import CliRunner
from tests.api.test_demo import until
from tests.program import RENDERSTORE

from renderstore import server
from renderstore._demo.cast import PEOPLE
from renderstore.cli import cli, farms
from renderstore.server import ServerError, embedded_binaries
from renderstore.settings import farm_urls

NAMED = ("DATABASE_URL", "DIRECT_URL", "FARM_URLS", "FARM_DIRECT_URLS")
FARMS = (*RENDERSTORE, "farms")


class Place:
    """A folder with three servers of its own, and what was said to be typed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.named: dict[str, str] = {}

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """`farms`, into a pipe."""
        return subprocess.Popen(
            [*FARMS, *options],
            cwd=self.folder,
            env={
                name: value for name, value in os.environ.items() if name not in NAMED
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def typed(self, *words: str, fails: bool = False) -> str:
        """What a command says; in this process, which has loaded it already."""
        with pytest.MonkeyPatch.context() as patch:
            for name in NAMED:
                patch.delenv(name, raising=False)
            for name, value in self.named.items():
                patch.setenv(name, value)
            said = CliRunner().invoke(cli, words)
        assert (said.exit_code != 0) is fails, said.output
        return said.output

    def export(self, said: str) -> None:
        """What it says is typed."""
        self.named = dict(re.findall(r"^export (\w+)='(.*)'$", said, re.M))

    def jobs(self) -> dict[int, int]:
        """How many are completed on each farm."""
        urls = farm_urls(self.named, "FARM_DIRECT_URLS")
        urls[farms.HOME] = self.named["DIRECT_URL"]
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
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    try:
        embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    made = Place(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield made
    with contextlib.suppress(AssertionError):
        made.typed("farms", "down")


def test_farms_work_go_on_and_are_gone(there: Place) -> None:
    with there.begin() as killed:
        until(killed.stdout, "Applying")
        killed.kill()
    assert there.left()
    # From what was killed, all begins anew.
    with there.begin("--for", "10s") as running:
        said, complaint = running.communicate()
        assert running.returncode == 0, complaint
    there.export(said)
    first = there.jobs()
    assert set(first) == set(farms.NAMES)
    assert all(first.values()), first
    assert there.typed("farm", "check").count("follows home") == 2
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
    with psycopg.connect(there.named["DIRECT_URL"]) as conn:
        [(people,)] = conn.execute("select count(*) from identity.users").fetchall()
    assert people == len(PEOPLE)
    assert sum(there.jobs().values()) >= sum(first.values())

    assert "their data is gone" in there.typed("farms", "down")
    assert there.left() == []
    assert "There are no farms here." in there.typed("farms", "down")


def test_who_ends_it_before_it_works_leaves_nothing(there: Place) -> None:
    with there.begin() as running:
        until(running.stdout, "Applying")
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate()
    assert running.returncode == 130, complaint
    assert complaint.strip() == "Stopped; nothing is left half done."
    assert there.left() == []


def test_without_binaries_it_is_a_sentence(
    there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_WHEELS", ())
    said = CliRunner().invoke(cli, ["farms"])
    assert isinstance(said.exception, ServerError), there.folder
    assert "renderstore[embedded]" in str(said.exception)
