"""Runs a statement on a connection: what every generated function ends in.

Generated from src/renderstore/_scope/aio/run.py by `just generate`; do not edit.
"""

from collections.abc import Callable
from itertools import starmap
from logging import getLogger
from typing import Any, TypeVar

from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from renderstore._queries import Statement, load
from renderstore._scope.sync.bound import again, cursor, rest
from renderstore._scope.values import Parameters, failure, refuse, unread
from renderstore.errors import NotFound

R = TypeVar("R")
log = getLogger("renderstore")

# Idle: nothing is open. Unknown: the connection is lost.
_COMMITTED = (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)


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


def claimed(
    conn: Connection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every job that can be read. One that cannot is reported failed, so that the others are handed out."""
    ran = _execute(conn, statement, parameters)
    try:
        found = ran.fetchall()
    except Exception as error:
        if ran.pgresult is None:
            unread(error, statement)
        found = _readable(conn, statement, ran)
    rest(conn, statement.sql, ran)
    return list(starmap(make, found))


def _readable(
    conn: Connection[object], statement: Statement, ran: Cursor[TupleRow]
) -> list[TupleRow]:
    found: list[TupleRow] = []
    for nth in range(ran.rowcount):
        try:
            ran.scroll(nth, mode="absolute")
            row = ran.fetchone()
        except Exception as error:
            _fail(conn, failure(error, statement, ran.pgresult, nth))
        else:
            if row is not None:
                found.append(row)
    return found


def _fail(conn: Connection[object], report: Parameters) -> None:
    """As a worker reports it. Where the claim is committed by now, who cannot be told must not hide the others."""
    log.error("Job %s failed: %s", report["id"], report["error_message"])
    try:
        again(conn)
        _execute(conn, load("work", "jobs")["fail"], report)
    except Exception:
        if conn.info.transaction_status not in _COMMITTED:
            raise
        log.exception("Job %s: its failure cannot be reported.", report["id"])


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
