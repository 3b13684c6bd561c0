"""The database's enums: looked up once a store, then known to each connection."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row

from renderstore._scope.dial import Dialing
from renderstore._scope.types import LOOK_UP, Found, enums, teach


async def aregister(conn: AsyncConnection[Any]) -> None:
    """Teach a connection that no store made the database's enums."""
    teach(await _look_up(conn), conn)


async def known_types(
    conn: AsyncConnection[Any], dialer: Dialing
) -> tuple[AdaptersMap, bool]:
    """What a store's connections know, and whether the database had every enum."""
    types = AdaptersMap(psycopg.adapters)
    found = await _look_up(conn)
    if found:
        dialer.compare(conn.info.backend_pid, found[0][-1])
    return types, teach(found, types)


async def _look_up(conn: AsyncConnection[Any]) -> Found:
    cursor = AsyncCursor(conn, row_factory=tuple_row)
    return await (await cursor.execute(LOOK_UP, (list(enums()),))).fetchall()
