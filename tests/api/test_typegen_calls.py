"""Every generated function is called, those of later modules too."""

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import EnumType
from importlib import import_module
from ipaddress import IPv4Address
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import psycopg
import pytest
from psycopg.types.range import Range

from renderstore import aio, errors
from renderstore.testing.servers import Database, Server

VALUES: dict[object, object] = {
    bool: True,
    bytes: b"\x00",
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    Decimal: Decimal(1),
    float: 1.0,
    int: 1,
    str: "a",
    time: time(1),
    timedelta: timedelta(1),
    IPv4Address: IPv4Address("127.0.0.1"),
    UUID: UUID(int=0),
}
# The statement itself is wrong: syntax, or a name or type that is not there.
STALE = ("42601", "42P01", "42703", "42704", "42804", "42883", "42P18", "3F000")


def modules(package: str) -> Iterator[str]:
    for area in aio.__all__:
        path = import_module(f"{package}.{area}").__path__
        for module in iter_modules(path, f"{package}.{area}."):
            if not module.name.endswith(".enums"):
                yield module.name


def functions(package: str) -> dict[str, Callable[..., Any]]:
    return {
        f"{module}.{name}": function
        for module in modules(package)
        for name, function in vars(import_module(module)).items()
        if inspect.isfunction(function) and function.__module__ == module
    }


SYNC = functions("renderstore")
ASYNC = functions("renderstore.aio")


def sample(kind: Any) -> Any:
    """A value of this type, none too likely to be there."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        # Json, as its own alias says it: any plain value is one.
        return sample(next(each for each in inner if each is not NoneType))
    if origin is list:
        return [sample(inner[0])]
    if origin is Range:
        return Range(sample(inner[0]), None)
    if isinstance(kind, EnumType):
        return next(iter(kind))
    if origin is not None or not isinstance(kind, type):
        return {}
    return VALUES[kind]


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(function)
    return {
        name: sample(hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


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
