"""Where a store's reads go: to a replica that is near enough, else to the primary.

Generated from src/renderstore/_scope/aio/replicas.py by `just generate`; do not edit.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg import Cursor

from renderstore._scope.replicas import AGAIN, LACKS_NOTHING, LAG, Near, server
from renderstore._scope.store import log
from renderstore.errors import Unreachable


class _Store(Protocol):
    """What this needs of a store, which itself asks it."""

    def borrow(self) -> tuple[Any, Any]: ...

    def give_back(self, pool: Any, conn: Any, failed: bool) -> None: ...

    def close(self) -> None: ...


class Replicas:
    """Lends what a read runs on, and knows which replicas are near."""

    def __init__(self, primary: _Store, replicas: _Store, max_lag: float) -> None:
        self._primary, self._replicas, self._max_lag = primary, replicas, max_lag
        self._near: dict[object, Near] = {}
        self._away = False
        self._again_at = 0.0

    def borrow(self) -> tuple[Any, Any]:
        """A connection and the pool that it goes back to: a replica's, or the primary's."""
        return self._borrow_near() or self._primary.borrow()

    def close(self) -> None:
        """Close every connection."""
        self._replicas.close()

    def _borrow_near(self) -> tuple[Any, Any] | None:
        if self._away:
            if monotonic() < self._again_at:
                return None
            # Whoever comes now tries, and nobody else waits for that.
            self._again_at = monotonic() + AGAIN
        try:
            pool, conn = self._replicas.borrow()
        except Unreachable as error:
            self._leave(error)
            return None
        is_near = False
        try:
            is_near = self._is_near(conn)
        except psycopg.Error:
            conn.pgconn.finish()
        finally:
            if not is_near:
                self._replicas.give_back(pool, conn, failed=True)
        return (pool, conn) if is_near else None

    def _is_near(self, conn: Any) -> bool:
        """As it was found a second ago at most."""
        known = self._near.setdefault(server(conn), Near())
        if not known.is_due():
            return known.is_near
        is_standby, seconds, replayed = ask(conn, LAG)
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
            known.is_near = self._lacks_nothing(replayed)
        return known.is_near

    def _lacks_nothing(self, replayed: str) -> bool:
        pool, conn = self._primary.borrow()
        try:
            return bool(ask(conn, LACKS_NOTHING, replayed)[0])
        except psycopg.Error:
            conn.pgconn.finish()
            return False
        finally:
            self._primary.give_back(pool, conn, failed=True)

    def _leave(self, why: object) -> None:
        """For a while the primary answers alone."""
        if not self._away:
            log.warning("The primary answers reads, since no replica does: %s", why)
        self._away, self._again_at = True, monotonic() + AGAIN


def ask(conn: Any, statement: LiteralString, *parameters: str) -> Any:
    """The row that this statement answers with, outside of any scope."""
    conn.start_lend(None, single=False)
    return Cursor(conn).execute(statement, parameters).fetchone()
