"""Runs a statement on a connection: what every generated function ends in."""

from collections.abc import Callable
from itertools import starmap
from logging import getLogger
from typing import Any, TypeVar

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from renderstore._queries import Statement, load
from renderstore._scope.aio.bound import again, cursor, rest
from renderstore._scope.values import Parameters, failure, refuse, unread
from renderstore.errors import NotFound

R = TypeVar("R")
log = getLogger("renderstore")

# Idle: nothing is open. Unknown: the connection is lost.
_COMMITTED = (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)


async def _execute(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> AsyncCursor[TupleRow]:
    try:
        return await cursor(conn, statement.sql).execute(statement.sql, parameters)
    except Exception as error:
        refuse(error, statement, parameters)


async def _fetch_one(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> TupleRow | None:
    ran = await _execute(conn, statement, parameters)
    try:
        found = await ran.fetchone()
    except Exception as error:
        unread(error, statement)
    rest(conn, statement.sql, ran)
    return found


async def one(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> R:
    """The row, or NotFound."""
    found = await _fetch_one(conn, statement, parameters)
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
    found = await _fetch_one(conn, statement, parameters)
    return None if found is None else make(*found)


async def many(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every row."""
    ran = await _execute(conn, statement, parameters)
    try:
        found = await ran.fetchall()
    except Exception as error:
        unread(error, statement)
    rest(conn, statement.sql, ran)
    return list(starmap(make, found))


async def claimed(
    conn: AsyncConnection[object],
    statement: Statement,
    parameters: Parameters,
    make: Callable[..., R],
) -> list[R]:
    """Every job that can be read. One that cannot is reported failed, so that the others are handed out."""
    ran = await _execute(conn, statement, parameters)
    try:
        found = await ran.fetchall()
    except Exception as error:
        if ran.pgresult is None:
            unread(error, statement)
        found = await _readable(conn, statement, ran)
    rest(conn, statement.sql, ran)
    return list(starmap(make, found))


async def _readable(
    conn: AsyncConnection[object], statement: Statement, ran: AsyncCursor[TupleRow]
) -> list[TupleRow]:
    found: list[TupleRow] = []
    for nth in range(ran.rowcount):
        try:
            await ran.scroll(nth, mode="absolute")
            row = await ran.fetchone()
        except Exception as error:
            await _fail(conn, failure(error, statement, ran.pgresult, nth))
        else:
            if row is not None:
                found.append(row)
    return found


async def _fail(conn: AsyncConnection[object], report: Parameters) -> None:
    """As a worker reports it. Where the claim is committed by now, who cannot be told must not hide the others."""
    log.error("Job %s failed: %s", report["id"], report["error_message"])
    try:
        again(conn)
        await _execute(conn, load("work", "jobs")["fail"], report)
    except Exception:
        if conn.info.transaction_status not in _COMMITTED:
            raise
        log.exception("Job %s: its failure cannot be reported.", report["id"])


async def value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or NotFound."""
    found = await _fetch_one(conn, statement, parameters)
    if found is None:
        raise NotFound(f"There is no such row ({statement.name}).")
    return found[0]


async def optional_value(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> Any:
    """The row's first column, or None without a row."""
    found = await _fetch_one(conn, statement, parameters)
    return None if found is None else found[0]


async def affected(
    conn: AsyncConnection[object], statement: Statement, parameters: Parameters
) -> int:
    """How many rows the statement touched."""
    ran = await _execute(conn, statement, parameters)
    touched = ran.rowcount
    rest(conn, statement.sql, ran)
    return touched
