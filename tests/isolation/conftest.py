"""One filled world for the doors: what they try leaves the other user's rows as they were."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from renderstore.testing.servers import Server

from .expectations import EXPECTED
from .world import World, filled


@pytest.fixture(scope="module")
def world(renderstore_server: Server) -> Generator[World]:
    database = renderstore_server.clone()
    with filled(database, EXPECTED) as made:
        yield made
    renderstore_server.drop(database)
