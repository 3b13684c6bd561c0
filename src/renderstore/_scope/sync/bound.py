"""Which of the two ways a store's connections take, and what generated functions run on.

Generated from src/renderstore/_scope/aio/bound.py by `just generate`; do not edit.
"""

from __future__ import annotations

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.connection import is_tested
from renderstore._scope.sync.connection import ScopedConnection
from renderstore._scope.sync.plain import PlainConnection


def connection_class(plain: bool) -> type[ScopedConnection]:
    """The fast way's, where it may be taken."""
    if plain or not is_tested():
        return PlainConnection
    from renderstore._scope.sync.fast import FastConnection

    return FastConnection


def cursor(conn: Connection[object], query: bytes = b"") -> Cursor[TupleRow]:
    """What a generated function runs on: inside a scope the binding's own cursor, else an ordinary one."""
    if isinstance(conn, ScopedConnection):
        return conn.vocabulary(query)
    return conn.cursor(row_factory=tuple_row)


def rest(conn: Connection[object], query: bytes, cursor: Cursor[TupleRow]) -> None:
    """A cursor whose rows were read waits for the same query: what it learned of its types is half its price."""
    if isinstance(conn, ScopedConnection):
        conn.rest(query, cursor)


def again(conn: Connection[object]) -> None:
    """Let what was run as one statement be followed by another, bound the same."""
    if isinstance(conn, ScopedConnection):
        conn.again()
