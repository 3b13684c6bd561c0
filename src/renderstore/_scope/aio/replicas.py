"""Where a store's reads go: to a replica that is near enough, else to the primary."""

from __future__ import annotations

from time import monotonic
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg import AsyncCursor

from renderstore._scope.replicas import AGAIN, LACKS_NOTHING, LAG, Near, server
from renderstore._scope.store import log
from renderstore.errors import Unreachable


class _Store(Protocol):
    """What this needs of a store, which itself asks it."""

    async def borrow(self) -> tuple[Any, Any]: ...

    async def give_back(self, pool: Any, conn: Any, failed: bool) -> None: ...

    async def close(self) -> None: ...


class AsyncReplicas:
    """Lends what a read runs on, and knows which replicas are near."""

    def __init__(self, primary: _Store, replicas: _Store, max_lag: float) -> None:
        self._primary, self._replicas, self._max_lag = primary, replicas, max_lag
        self._near: dict[object, Near] = {}
        self._away = False
        self._again_at = 0.0

    async def borrow(self) -> tuple[Any, Any]:
        """A connection and the pool that it goes back to: a replica's, or the primary's."""
        return await self._borrow_near() or await self._primary.borrow()

    async def close(self) -> None:
        """Close every connection."""
        await self._replicas.close()

    async def _borrow_near(self) -> tuple[Any, Any] | None:
        if self._away:
            if monotonic() < self._again_at:
                return None
            # Whoever comes now tries, and nobody else waits for that.
            self._again_at = monotonic() + AGAIN
        try:
            pool, conn = await self._replicas.borrow()
        except Unreachable as error:
            self._leave(error)
            return None
        is_near = False
        try:
            is_near = await self._is_near(conn)
        except psycopg.Error:
            conn.pgconn.finish()
        finally:
            if not is_near:
                await self._replicas.give_back(pool, conn, failed=True)
        return (pool, conn) if is_near else None

    async def _is_near(self, conn: Any) -> bool:
        """As it was found a second ago at most."""
        known = self._near.setdefault(server(conn), Near())
        if not known.is_due():
            return known.is_near
        is_standby, seconds, replayed = await ask(conn, LAG)
        if not is_standby:
            known.is_near = False
            conn.pgconn.finish()
            self._leave("the server is no standby any more")
            return False
        if self._away:
            log.info("A replica answers reads again.")
            self._away = False
        known.is_near = seconds is not None and seconds <= self._max_lag
        if not known.is_near:
            # Where nobody commits, nothing may be missing.
            known.is_near = await self._lacks_nothing(replayed)
        return known.is_near

    async def _lacks_nothing(self, replayed: str) -> bool:
        pool, conn = await self._primary.borrow()
        try:
            return bool((await ask(conn, LACKS_NOTHING, replayed))[0])
        except psycopg.Error:
            conn.pgconn.finish()
            return False
        finally:
            await self._primary.give_back(pool, conn, failed=True)

    def _leave(self, why: object) -> None:
        """For a while the primary answers alone."""
        if not self._away:
            log.warning("The primary answers reads, since no replica does: %s", why)
        self._away, self._again_at = True, monotonic() + AGAIN


async def ask(conn: Any, statement: LiteralString, *parameters: str) -> Any:
    """The row that this statement answers with, outside of any scope."""
    conn.start_lend(None, single=False)
    return await (await AsyncCursor(conn).execute(statement, parameters)).fetchone()
