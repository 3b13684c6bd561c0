"""A server of these tests' own: its roles are the cluster's, and others depend on those."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from renderstore.server import ServerError, disposable
from renderstore.testing import Server
from renderstore.testing.servers import binaries

from .support import OwnServer


@pytest.fixture(scope="session")
def _own_server(renderstore_server: Server) -> Generator[OwnServer]:
    kind = renderstore_server.kind
    # A container or a URL cannot be started a second time; the embedded server can.
    spec = "embedded" if kind == "container" or "://" in kind else kind
    try:
        folder = binaries(spec)
    except ServerError as reason:
        pytest.skip(f"needs a server of its own: {reason}")
    with disposable(folder) as cluster:
        yield OwnServer(cluster)


@pytest.fixture
def own_server(_own_server: OwnServer) -> Generator[OwnServer]:
    """A server without any of our databases and roles."""
    yield _own_server
    _own_server.clean()
