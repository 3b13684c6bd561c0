"""Which of the two ways a store's connections take, and what generated functions run on."""

from __future__ import annotations

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.aio.connection import AsyncScopedConnection
from renderstore._scope.aio.plain import AsyncPlainConnection
from renderstore._scope.connection import is_tested


def connection_class(plain: bool) -> type[AsyncScopedConnection]:
    """The fast way's, where it may be taken."""
    if plain or not is_tested():
        return AsyncPlainConnection
    from renderstore._scope.aio.fast import AsyncFastConnection

    return AsyncFastConnection


def cursor(conn: AsyncConnection[object], query: bytes = b"") -> AsyncCursor[TupleRow]:
    """What a generated function runs on: inside a scope the binding's own cursor, else an ordinary one."""
    if isinstance(conn, AsyncScopedConnection):
        return conn.vocabulary(query)
    return conn.cursor(row_factory=tuple_row)


def rest(
    conn: AsyncConnection[object], query: bytes, cursor: AsyncCursor[TupleRow]
) -> None:
    """A cursor whose rows were read waits for the same query: what it learned of its types is half its price."""
    if isinstance(conn, AsyncScopedConnection):
        conn.rest(query, cursor)


def again(conn: AsyncConnection[object]) -> None:
    """Let what was run as one statement be followed by another, bound the same."""
    if isinstance(conn, AsyncScopedConnection):
        conn.again()
