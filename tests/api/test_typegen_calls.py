"""Every generated function is called, those of later modules too."""

import asyncio
import inspect
from collections.abc import Generator

import psycopg
import pytest

from renderstore import errors
from renderstore.testing.servers import Database, Server

from .vocabulary import ASYNC, SYNC, arguments

# The statement itself is wrong: syntax, or a name or type that is not there.
STALE = ("42601", "42P01", "42703", "42704", "42804", "42883", "42P18", "3F000")


def judge(error: Exception) -> None:
    """Let pass what the database said, but not that it did not understand."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(error, errors.NotFound) and cause is None:
        return
    assert isinstance(cause, psycopg.Error)
    assert cause.sqlstate is not None, cause
    assert cause.sqlstate not in STALE, f"{cause}: run `just generate`"


@pytest.fixture(scope="module")
def filled(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


@pytest.mark.parametrize("name", SYNC)
def test_a_function_reaches_the_server(filled: Database, name: str) -> None:
    with psycopg.connect(filled.owner_url) as conn:
        conn.execute("set role renderstore_owner")
        try:
            SYNC[name](conn, **arguments(SYNC[name]))
        except (errors.Error, psycopg.Error) as error:
            judge(error)
        conn.rollback()


@pytest.mark.parametrize("name", ASYNC)
def test_a_function_for_asyncio_reaches_the_server(filled: Database, name: str) -> None:
    async def call() -> None:
        async with await psycopg.AsyncConnection.connect(filled.owner_url) as conn:
            await conn.execute("set role renderstore_owner")
            try:
                await ASYNC[name](conn, **arguments(ASYNC[name]))
            except (errors.Error, psycopg.Error) as error:
                judge(error)
            await conn.rollback()

    asyncio.run(call())


def test_asyncio_has_the_same_functions() -> None:
    assert [each.replace(".aio.", ".") for each in ASYNC] == list(SYNC)
    for name, function in ASYNC.items():
        sync = SYNC[name.replace(".aio.", ".")]
        assert function.__doc__ == sync.__doc__
        here, there = inspect.signature(function), inspect.signature(sync)
        assert list(here.parameters.values())[1:] == list(there.parameters.values())[1:]
        assert here.return_annotation == there.return_annotation
