"""Runs a statement on a connection: what every generated function ends in."""

from collections.abc import Callable, Mapping
from itertools import starmap
from typing import Any, NoReturn, TypeVar

from psycopg import Connection, Error

from renderstore._bound import cursor
from renderstore._queries import Statement
from renderstore.errors import NotFound, translate

R = TypeVar("R")
Parameters = Mapping[str, object]


def fail(error: Error) -> NoReturn:
    """Raise what people should read, with psycopg's error as its cause."""
    translated = translate(error)
    if translated is error:
        raise error
    raise translated from error


def one(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R:
    """The row, or NotFound."""
    try:
        found = cursor(conn).execute(statement.sql, parameters).fetchone()
    except Error as error:
        fail(error)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return make(*found)


def optional(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R | None:
    """The row, or None."""
    try:
        found = cursor(conn).execute(statement.sql, parameters).fetchone()
    except Error as error:
        fail(error)
    return None if found is None else make(*found)


def many(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every row."""
    try:
        found = cursor(conn).execute(statement.sql, parameters).fetchall()
    except Error as error:
        fail(error)
    return list(starmap(make, found))


def value(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or NotFound."""
    try:
        found = cursor(conn).execute(statement.sql, parameters).fetchone()
    except Error as error:
        fail(error)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return found[0]


def optional_value(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or None without a row."""
    try:
        found = cursor(conn).execute(statement.sql, parameters).fetchone()
    except Error as error:
        fail(error)
    return None if found is None else found[0]


def affected(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> int:
    """How many rows the statement touched."""
    try:
        return cursor(conn).execute(statement.sql, parameters).rowcount
    except Error as error:
        fail(error)
