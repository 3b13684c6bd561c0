"""After every test of the queue under fire, a sweep later, nothing in it disagrees."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from renderstore.testing import Database

from .queueing import settle


@pytest.fixture(autouse=True)
def consistent(request: pytest.FixtureRequest) -> Generator[None]:
    """Sweeps until nothing is left to do, then asks work.problems."""
    if "database" not in request.fixturenames:
        yield
        return
    database: Database = request.getfixturevalue("database")
    yield
    assert settle(database) == []
