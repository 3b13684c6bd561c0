"""After every test of the media portal, nothing in it disagrees."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.factories import look

from renderstore.testing import Database


@pytest.fixture(autouse=True)
def consistent(request: pytest.FixtureRequest) -> Generator[None]:
    """Asks media.problems and work.problems at the end of each test that has a database."""
    if "database" not in request.fixturenames:
        yield
        return
    database: Database = request.getfixturevalue("database")
    yield
    assert look(database, "select * from media.problems()") == []
    assert look(database, "select * from work.problems()") == []
