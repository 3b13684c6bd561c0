"""The pytest plugin: a server a run, migrated once into a template, and a clone for each test.

With pytest-xdist the controlling process starts the server and its workers share it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # loaded into every pytest run of its users: import late
    from renderstore.store import Store, SyncScope
    from renderstore.testing.servers import Database, Server

_SHARED = "renderstore_server"
_stack_key = pytest.StashKey[ExitStack]()
_server_key = pytest.StashKey["Server"]()


def pytest_report_header() -> str:
    """Say where the tests' databases are."""
    import os

    from renderstore.testing.servers import VARIABLE

    return f"renderstore: databases on {os.environ.get(VARIABLE) or 'container, else embedded'}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if one was started here."""
    if (stack := config.stash.get(_stack_key, None)) is not None:
        stack.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which server it shares."""
    node.workerinput[_SHARED] = _start(node.config).to_json()


def _start(config: pytest.Config) -> Server:
    from renderstore.testing.servers import running_server

    if _server_key not in config.stash:
        stack = ExitStack()
        config.stash[_server_key] = stack.enter_context(running_server())
        config.stash[_stack_key] = stack
    return config.stash[_server_key]


@pytest.fixture(scope="session")
def renderstore_server(request: pytest.FixtureRequest) -> Server:
    """The run's server with its two logins and the migrated template."""
    from renderstore.testing.servers import Server

    shared = getattr(request.config, "workerinput", {}).get(_SHARED)
    return Server.from_json(shared) if shared else _start(request.config)


@pytest.fixture
def database(renderstore_server: Server) -> Generator[Database]:
    """A database of this test's own, with every migration applied."""
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


@pytest.fixture
def empty_database(renderstore_server: Server) -> Generator[Database]:
    """A database of this test's own, without a single migration."""
    made = renderstore_server.create()
    yield made
    renderstore_server.drop(made)


@pytest.fixture
def store(database: Database) -> Generator[Store[SyncScope]]:
    """A store on the working login of this test's own database."""
    from renderstore.store import connect

    with connect(database.url) as opened:
        yield opened
