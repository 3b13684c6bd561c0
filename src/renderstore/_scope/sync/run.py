"""Runs a statement on a connection: what every generated function ends in.

Generated from src/renderstore/_scope/aio/run.py by `just generate`; do not edit.
"""

from collections.abc import Callable
from itertools import starmap
from typing import Any, TypeVar

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from renderstore._queries import Statement
from renderstore._scope.sync.bound import cursor, rest
from renderstore._scope.values import Parameters, refuse, unread
from renderstore.errors import NotFound

R = TypeVar("R")


def _execute(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> Cursor[TupleRow]:
    try:
        return cursor(conn, statement.sql).execute(statement.sql, parameters)
    except Exception as error:
        refuse(error, statement, parameters)


def _fetch_one(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> TupleRow | None:
    ran = _execute(conn, statement, parameters)
    try:
        found = ran.fetchone()
    except Exception as error:
        unread(error, statement)
    rest(conn, statement.sql, ran)
    return found


def one(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R:
    """The row, or NotFound."""
    found = _fetch_one(conn, statement, parameters)
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
    found = _fetch_one(conn, statement, parameters)
    return None if found is None else make(*found)


def many(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every row."""
    ran = _execute(conn, statement, parameters)
    try:
        found = ran.fetchall()
    except Exception as error:
        unread(error, statement)
    rest(conn, statement.sql, ran)
    return list(starmap(make, found))


def value(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or NotFound."""
    found = _fetch_one(conn, statement, parameters)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return found[0]


def optional_value(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or None without a row."""
    found = _fetch_one(conn, statement, parameters)
    return None if found is None else found[0]


def affected(
    conn: Connection[object], statement: Statement, parameters: Parameters
) -> int:
    """How many rows the statement touched."""
    ran = _execute(conn, statement, parameters)
    touched = ran.rowcount
    rest(conn, statement.sql, ran)
    return touched
