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


def judge(error: Exception) -> list[str]:
    """Let pass what the database said, but not that it did not understand."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(error, errors.NotFound) and cause is None:
        return []
    if not isinstance(cause, psycopg.Error) or cause.sqlstate is None:
        return [f"{type(error).__name__}: {error}"]
    return [f"{cause}: run `just generate`"] if cause.sqlstate in STALE else []


@pytest.fixture(scope="module")
def filled(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


def test_every_function_reaches_the_server(filled: Database) -> None:
    wrong: list[str] = []
    with psycopg.connect(filled.owner_url) as conn:
        for name, function in SYNC.items():
            conn.execute("set role renderstore_owner")
            try:
                function(conn, **arguments(function))
            except (errors.Error, psycopg.Error) as error:
                wrong += [f"{name}: {said}" for said in judge(error)]
            conn.rollback()
    assert not wrong, "\n".join(wrong)


def test_every_function_for_asyncio_reaches_the_server(filled: Database) -> None:
    async def calls() -> list[str]:
        wrong: list[str] = []
        async with await psycopg.AsyncConnection.connect(filled.owner_url) as conn:
            for name, function in ASYNC.items():
                await conn.execute("set role renderstore_owner")
                try:
                    await function(conn, **arguments(function))
                except (errors.Error, psycopg.Error) as error:
                    wrong += [f"{name}: {said}" for said in judge(error)]
                await conn.rollback()
        return wrong

    wrong = asyncio.run(calls())
    assert not wrong, "\n".join(wrong)


def test_a_stale_statement_is_noticed(filled: Database) -> None:
    with psycopg.connect(filled.owner_url) as conn:
        for stale in ("select gone from identity.users", "selec 1", "select gone()"):
            with pytest.raises(psycopg.Error) as refused:
                conn.execute(stale.encode())
            assert judge(refused.value)
            conn.rollback()


def test_asyncio_has_the_same_functions() -> None:
    assert [each.replace(".aio.", ".") for each in ASYNC] == list(SYNC)
    for name, function in ASYNC.items():
        sync = SYNC[name.replace(".aio.", ".")]
        assert function.__doc__ == sync.__doc__
        here, there = inspect.signature(function), inspect.signature(sync)
        assert list(here.parameters.values())[1:] == list(there.parameters.values())[1:]
        assert here.return_annotation == there.return_annotation
