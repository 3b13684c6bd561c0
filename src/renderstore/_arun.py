"""What `_run` does, for asyncio."""

from collections.abc import Callable
from itertools import starmap
from typing import Any, TypeVar

from psycopg import AsyncConnection, Error

from renderstore._bound import acursor
from renderstore._queries import Statement
from renderstore._run import Parameters, fail
from renderstore.errors import NotFound

R = TypeVar("R")


async def one(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R:
    """The row, or NotFound."""
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        found = await cursor.fetchone()
    except Error as error:
        fail(error)
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
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        found = await cursor.fetchone()
    except Error as error:
        fail(error)
    return None if found is None else make(*found)


async def many(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every row."""
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        found = await cursor.fetchall()
    except Error as error:
        fail(error)
    return list(starmap(make, found))


async def value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or NotFound."""
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        found = await cursor.fetchone()
    except Error as error:
        fail(error)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return found[0]


async def optional_value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or None without a row."""
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        found = await cursor.fetchone()
    except Error as error:
        fail(error)
    return None if found is None else found[0]


async def affected(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> int:
    """How many rows the statement touched."""
    try:
        cursor = await acursor(conn).execute(statement.sql, parameters)
        return cursor.rowcount
    except Error as error:
        fail(error)
