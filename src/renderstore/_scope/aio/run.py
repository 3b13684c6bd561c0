"""Runs a statement on a connection: what every generated function ends in."""

from collections.abc import Callable, Mapping
from itertools import starmap
from typing import Any, TypeVar

from psycopg import AsyncConnection, AsyncCursor, Error
from psycopg.rows import TupleRow

from renderstore._queries import Statement
from renderstore._scope.aio.bound import cursor, rest
from renderstore._scope.failing import fail
from renderstore.errors import NotFound

R = TypeVar("R")
Parameters = Mapping[str, object]


async def _execute(
    conn: AsyncConnection[object], query: bytes, parameters: Parameters
) -> AsyncCursor[TupleRow]:
    try:
        return await cursor(conn, query).execute(query, parameters)
    except Error as error:
        fail(error)


async def _fetch_one(
    conn: AsyncConnection[object], query: bytes, parameters: Parameters
) -> TupleRow | None:
    ran = await _execute(conn, query, parameters)
    found = await ran.fetchone()
    rest(conn, query, ran)
    return found


async def one(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R:
    """The row, or NotFound."""
    found = await _fetch_one(conn, statement.sql, parameters)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return make(*found)


async def optional(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R | None:
    """The row, or None."""
    found = await _fetch_one(conn, statement.sql, parameters)
    return None if found is None else make(*found)


async def many(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every row."""
    ran = await _execute(conn, statement.sql, parameters)
    found = list(starmap(make, await ran.fetchall()))
    rest(conn, statement.sql, ran)
    return found


async def value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or NotFound."""
    found = await _fetch_one(conn, statement.sql, parameters)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return found[0]


async def optional_value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or None without a row."""
    found = await _fetch_one(conn, statement.sql, parameters)
    return None if found is None else found[0]


async def affected(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> int:
    """How many rows the statement touched."""
    ran = await _execute(conn, statement.sql, parameters)
    touched = ran.rowcount
    rest(conn, statement.sql, ran)
    return touched
