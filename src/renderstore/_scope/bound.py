"""Which of the two ways a store's connections send their binding, and what generated functions run on."""

from __future__ import annotations

import psycopg
from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.connection import (
    AsyncScopedConnection,
    Scoped,
    ScopedConnection,
)
from renderstore._scope.plain import AsyncPlainConnection, PlainConnection

# The versions whose private names `fast` was tested with.
TESTED = ("3.3.",)


def connection_class(plain: bool) -> type[ScopedConnection]:
    if plain or not psycopg.__version__.startswith(TESTED):
        return PlainConnection
    from renderstore._scope.fast import FastConnection

    return FastConnection


def async_connection_class(plain: bool) -> type[AsyncScopedConnection]:
    if plain or not psycopg.__version__.startswith(TESTED):
        return AsyncPlainConnection
    from renderstore._scope.fast import AsyncFastConnection

    return AsyncFastConnection


def cursor(conn: Connection[object], query: bytes = b"") -> Cursor[TupleRow]:
    """What a generated function runs on: inside a scope the binding's own cursor, else an ordinary one."""
    if isinstance(conn, ScopedConnection):
        return conn.vocabulary(query)
    return conn.cursor(row_factory=tuple_row)


def acursor(conn: AsyncConnection[object], query: bytes = b"") -> AsyncCursor[TupleRow]:
    """The same for asyncio."""
    if isinstance(conn, AsyncScopedConnection):
        return conn.vocabulary(query)
    return conn.cursor(row_factory=tuple_row)


def rest(
    conn: Connection[object] | AsyncConnection[object],
    query: bytes,
    cursor: Cursor[TupleRow] | AsyncCursor[TupleRow],
) -> None:
    """A cursor whose rows were read waits for the same query: what it learned of its types is half its price."""
    if isinstance(conn, Scoped):
        conn.rest(query, cursor)
