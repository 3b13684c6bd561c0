"""Databases for backups: one with a small farm in it, and its backup."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from renderstore import _clients
from renderstore._paths import SEEDS
from renderstore.testing import Database, Server

from .support import Scripts, take


@pytest.fixture(scope="module")
def farm(renderstore_server: Server) -> Generator[Database]:
    """A database that nobody changes: ten people and 200 jobs."""
    made = renderstore_server.clone()
    with psycopg.connect(made.url, autocommit=True) as conn:
        for path in sorted(SEEDS.glob("*.sql")):
            conn.execute(path.read_bytes())
    yield made
    renderstore_server.drop(made)


@pytest.fixture(scope="module")
def kept(farm: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its backup."""
    folder = tmp_path_factory.mktemp("backup") / "farm.backup"
    take(farm, folder)
    return folder


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """Puts a shell script in the place of one of PostgreSQL's programs, which it finds in `$real`."""
    real = _clients.find
    scripts: dict[str, Path] = {}

    def find(name: str, major: int, *, exactly: bool = False) -> tuple[Path, int]:
        program, version = real(name, major, exactly=exactly)
        if name in scripts:
            text = scripts[name].read_text()
            scripts[name].write_text(text.replace("$real", f"'{program}'"))
            return scripts[name], version
        return program, version

    def write(name: str, text: str) -> None:
        (tmp_path / "programs").mkdir(exist_ok=True)
        path = tmp_path / "programs" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        scripts[name] = path

    monkeypatch.setattr(_clients, "find", find)
    return write
