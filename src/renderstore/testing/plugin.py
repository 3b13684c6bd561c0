"""The pytest plugin: a server a run, migrated once into a template, and a clone for each test.

Nothing starts before a test asks for a database. With pytest-xdist the controlling process
starts the server and its workers share it. docs/testing.md lists the fixtures, whose names all
begin with the package's: the short ones are the project's that uses them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # loaded into every pytest run of its users: import late
    from renderstore.store import AsyncStore, SyncStore
    from renderstore.testing.clones import Clones
    from renderstore.testing.servers import Database, Filler, Server
    from renderstore.testing.sharing import Keeper

_DESK = "renderstore_desk"
_keeper_key = pytest.StashKey["Keeper"]()


def pytest_report_header() -> str:
    """Say where the tests' databases are."""
    where = os.environ.get("RENDERSTORE_TEST_SERVER") or "container, else embedded"
    # An address may hold a password.
    return f"renderstore: databases on {'a given server' if '://' in where else where}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if one was started here."""
    if (keeper := config.stash.get(_keeper_key, None)) is not None:
        keeper.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where to ask for the server that it shares."""
    node.workerinput[_DESK] = _keeper(node.config).desk()


def _keeper(config: pytest.Config) -> Keeper:
    from renderstore.testing.sharing import Keeper

    def say(text: str) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"renderstore: {text}")

    if _keeper_key not in config.stash:
        config.stash[_keeper_key] = Keeper(say)
    return config.stash[_keeper_key]


@pytest.fixture(scope="session")
def renderstore_server(request: pytest.FixtureRequest) -> Server:
    """The run's server with its two logins and the migrated template."""
    from renderstore.server import ServerError
    from renderstore.testing.sharing import ask

    desk = getattr(request.config, "workerinput", {}).get(_DESK)
    try:
        return ask(desk) if desk else _keeper(request.config).server()
    except ServerError as error:
        reason = str(error)
    pytest.fail(reason, pytrace=False)


@pytest.fixture(scope="session")
def _renderstore_clones(renderstore_server: Server) -> Generator[Clones]:
    from renderstore.testing.clones import made_ahead

    with made_ahead(renderstore_server) as clones:
        yield clones


@pytest.fixture
def renderstore_database(_renderstore_clones: Clones) -> Generator[Database]:
    """A database of this test's own, with every migration applied."""
    made = _renderstore_clones.take()
    yield made
    _renderstore_clones.give_back(made)


@pytest.fixture
def renderstore_empty_database(renderstore_server: Server) -> Generator[Database]:
    """A database of this test's own, without a single migration."""
    made = renderstore_server.create()
    yield made
    renderstore_server.drop(made)


@pytest.fixture
def renderstore_store(renderstore_database: Database) -> Generator[SyncStore]:
    """A store on the working login of this test's own database."""
    from renderstore.store import connect

    with connect(renderstore_database.url) as opened:
        yield opened


def _async_fixture(function: Callable[..., AsyncGenerator[Any]]) -> Any:
    """A fixture for whichever plugin runs the project's asyncio tests."""
    try:
        # In its strict mode it leaves alone what is not marked as its own.
        from pytest_asyncio import fixture
    except ImportError:  # anyio's plugin takes any
        return pytest.fixture(function)
    return fixture(function)


@_async_fixture
async def renderstore_astore(
    renderstore_database: Database,
) -> AsyncGenerator[AsyncStore]:
    """The same for asyncio: opened and closed on the test's own loop."""
    from renderstore.store import aconnect

    async with aconnect(renderstore_database.url) as opened:
        yield opened


@pytest.fixture(scope="session")
def renderstore_fillers() -> Sequence[Filler]:
    """What fills `renderstore_large_database`, in order; a conftest.py names its own."""
    return ()


@pytest.fixture(scope="session")
def renderstore_rows() -> int:
    """How many rows a large table holds: RENDERSTORE_ROWS, 50,000 where it is not set."""
    said = os.environ.get("RENDERSTORE_ROWS") or "50000"
    if not said.isdecimal():
        pytest.fail(f"RENDERSTORE_ROWS is a whole number, not {said!r}.", pytrace=False)
    return int(said)


@pytest.fixture(scope="session")
def renderstore_large_database(
    renderstore_server: Server,
    renderstore_fillers: Sequence[Filler],
    renderstore_rows: int,
) -> Database:
    """A filled database, made once a run and shared: read it, or roll back what you write."""
    return renderstore_server.large(renderstore_fillers, renderstore_rows)
