"""The database's enums: looked up once a store, then known to each connection.

Generated from src/renderstore/_scope/aio/types.py by `just generate`; do not edit.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row

from renderstore._scope.dial import Dialing
from renderstore._scope.types import LOOK_UP, Found, enums, teach


def register(conn: Connection[Any]) -> None:
    """Teach a connection that no store made the database's enums."""
    teach(_look_up(conn), conn)


def known_types(conn: Connection[Any], dialer: Dialing) -> tuple[AdaptersMap, bool]:
    """What a store's connections know, and whether the database had every enum."""
    types = AdaptersMap(psycopg.adapters)
    found = _look_up(conn)
    if found:
        dialer.compare(conn.info.backend_pid, found[0][-1])
    return types, teach(found, types)


def _look_up(conn: Connection[Any]) -> Found:
    cursor = Cursor(conn, row_factory=tuple_row)
    return cursor.execute(LOOK_UP, (list(enums()),)).fetchall()
