"""What tests under fire share. After each, a sweep later, nothing in the queue disagrees."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from renderstore.server import (
    Cluster,
    ServerError,
    disposable,
    embedded_binaries,
)
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server

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


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")


@pytest.fixture
def restartable() -> Generator[tuple[Cluster, Database]]:
    """A server of this test's own."""
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with (
        disposable(binaries) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield cluster, server.clone()
