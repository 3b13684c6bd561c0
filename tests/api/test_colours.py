"""What is written for asyncio, and the half for threads that is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderstore._dev import colours
from renderstore._dev.colours import for_threads
from renderstore._paths import SQL

SOURCE = '''"""Reads."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from renderstore._scope.aio.store import AsyncStore
from renderstore.aio.work import jobs


@asynccontextmanager
async def lend(store: "AsyncStore") -> AsyncGenerator[AsyncConnection[object]]:
    """Use it as `async with lend() as conn`."""
    async with store.auth() as conn:
        yield conn  # a comment stays


async def read(make: Callable[[], Awaitable[AsyncConnection[object]]]) -> object:
    conn = await make()
    found = await (await conn.execute("select 'ü'")).fetchone()
    async for each in conn.notifies():
        await jobs.get(conn, id=each)
    return [(await get(each))[0] for each in await conn.all()], found
'''
MADE = '''"""Reads.

Generated from reads.py by `just generate`; do not edit.
"""

from collections.abc import Generator, Callable
from contextlib import contextmanager

from psycopg import Connection

from renderstore._scope.sync.store import SyncStore
from renderstore.work import jobs


@contextmanager
def lend(store: "SyncStore") -> Generator[Connection[object]]:
    """Use it as `with lend() as conn`."""
    with store.auth() as conn:
        yield conn  # a comment stays


def read(make: Callable[[], Connection[object]]) -> object:
    conn = make()
    found = conn.execute("select 'ü'").fetchone()
    for each in conn.notifies():
        jobs.get(conn, id=each)
    return [get(each)[0] for each in conn.all()], found
'''


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "aio").mkdir()
    (tmp_path / "sync").mkdir()
    (tmp_path / "aio" / "reads.py").write_text(SOURCE, "utf-8")
    (tmp_path / "aio" / "colour.py").write_text("by hand", "utf-8")
    (tmp_path / "sync" / "colour.py").write_text("by hand too", "utf-8")
    monkeypatch.setattr(colours, "PAIRS", {"aio": "sync"})
    return tmp_path


def test_the_halves_for_threads_are_what_the_sources_say() -> None:
    assert colours.generate(SQL.parent, check=True) == []


def test_threads_do_the_same_without_waiting_for_a_loop() -> None:
    made = for_threads(SOURCE, origin="reads.py")
    assert made == MADE.replace("Generator, Callable", "Generator, Awaitable, Callable")


def test_a_half_is_written_as_ruff_writes_it_and_then_is_not_stale(tree: Path) -> None:
    assert colours.generate(tree) == [
        "sync/reads.py: it is not what aio/reads.py says."
    ]
    made = (tree / "sync" / "reads.py").read_text("utf-8")
    assert made == MADE.replace("Generator, Callable", "Callable, Generator").replace(
        "from reads.py", "from aio/reads.py"
    )
    assert colours.generate(tree, check=True) == []
    assert (tree / "sync" / "colour.py").read_text("utf-8") == "by hand too"


def test_a_stale_half_is_found_and_not_touched(tree: Path) -> None:
    colours.generate(tree)
    half = tree / "sync" / "reads.py"
    half.write_text(MADE + "# by hand\n", "utf-8")
    assert colours.generate(tree, check=True) == [
        "sync/reads.py: it is not what aio/reads.py says."
    ]
    assert half.read_text("utf-8").endswith("# by hand\n")


def test_a_half_without_its_source_goes(tree: Path) -> None:
    colours.generate(tree)
    (tree / "aio" / "reads.py").unlink()
    assert colours.generate(tree) == ["sync/reads.py: what it was made from is gone."]
    assert not (tree / "sync" / "reads.py").exists()


def test_a_source_without_a_docstring_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reads\.py: the module has no docstring"):
        for_threads("x = 1\n", origin="reads.py")
