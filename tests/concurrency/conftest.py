"""What tests under fire share. After each, a sweep later, nothing in the queue disagrees."""

from __future__ import annotations

from collections.abc import Generator
from zlib import crc32

import pytest

from renderstore.server import (
    Cluster,
    ServerError,
    disposable,
    embedded_binaries,
)
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server

from .queueing import KINDS, PROVE, SCENE, settle

OF_EVERY_KIND = frozenset(
    {
        "test_queue_claims",
        "test_queue_fairness",
        "test_queue_quotas",
        "test_queue_recovery",
        "test_queue_strangers",
    }
)
"""The modules whose tests hold for every kind of job: CI tries each with one kind, `just prove` with all."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of the queue knows the kind of job that it is about."""
    if metafunc.definition.path.stem in OF_EVERY_KIND:
        drawn = KINDS[crc32(metafunc.definition.originalname.encode()) % len(KINDS)]
        metafunc.fixturenames.append("kind")
        metafunc.parametrize("kind", KINDS if PROVE else [drawn], indirect=True)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Generator[str]:
    """What `queueing.submit` submits where nothing else is said."""
    SCENE.kind = request.param
    yield SCENE.kind
    SCENE.kind = "render"


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
