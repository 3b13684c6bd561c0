"""What every test may share, under the short names that the plugin leaves to its users."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack

import pytest
from tests.farms import Farms, two
from tests.queries.identity.filler import fill as identity

from renderstore import AsyncStore, SyncStore
from renderstore.testing import Database
from renderstore.testing.servers import Filler, Server

# Minutes each: begun first, so that at the end no worker has one to itself.
LONG = frozenset(
    {
        "test_jobs_walk.py",
        "test_kill.py",
        "test_cancelled.py",
        "test_leaks.py",
        "test_prisma_page.py",
        "test_queue_crashes.py",
        "test_queue_walk.py",
        "test_round_trip.py",
        "test_testing.py",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long tests first."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture
def database(renderstore_database: Database) -> Database:
    return renderstore_database


@pytest.fixture
def empty_database(renderstore_empty_database: Database) -> Database:
    return renderstore_empty_database


@pytest.fixture
def store(renderstore_store: SyncStore) -> SyncStore:
    return renderstore_store


@pytest.fixture
def farms(renderstore_server: Server) -> Generator[Farms]:
    with two(renderstore_server) as made:
        yield made


@pytest.fixture(scope="session")
def large_database(renderstore_large_database: Database) -> Database:
    return renderstore_large_database


@pytest.fixture(scope="session")
def rows(renderstore_rows: int) -> int:
    return renderstore_rows


@pytest.fixture(scope="session")
def renderstore_fillers() -> Sequence[Filler]:
    """What fills the large database, a room after the other: later ones need earlier ones' rows."""
    return (identity,)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test of asyncio runs in a loop of its own, which closes the stores that its fixtures gave it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {
        name: pyfuncitem.funcargs[name]
        for name in inspect.signature(pyfuncitem.obj).parameters
    }

    async def act() -> None:
        async with AsyncExitStack() as stack:
            for each in given.values():
                if isinstance(each, AsyncStore):
                    await stack.enter_async_context(each)
            await pyfuncitem.obj(**given)

    asyncio.run(act())
    return True
