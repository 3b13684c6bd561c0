"""Databases to come from: what Prisma makes of the earlier designs, filled."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator

import pytest

from renderstore.testing import Database, Server

from .support import fill

Made = Callable[..., Database]


@pytest.fixture
def jobs() -> int:
    """How many rows a fixture's large tables have: a few thousand, or RENDERSTORE_ROWS, at most 100,000."""
    return min(int(os.environ.get("RENDERSTORE_ROWS", "5000")), 100_000)


@pytest.fixture
def made(renderstore_server: Server) -> Generator[Made]:
    """Makes a database of these files, with so many rows."""
    known: list[Database] = []

    def make(*names: str, rows: int) -> Database:
        database = renderstore_server.create()
        known.append(database)
        fill(database, *names, rows=rows)
        return database

    yield make
    for database in known:
        renderstore_server.drop(database)
