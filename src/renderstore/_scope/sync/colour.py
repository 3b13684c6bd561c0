"""What threads do in their own way. With its twin for asyncio the only module written twice."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import sleep
from typing import Any, TypeVar

from psycopg import Connection
from psycopg_pool import ConnectionPool

__all__ = ["Event", "Lock", "get", "in_background", "pause", "put", "sleep"]

C = TypeVar("C", bound=Connection[Any])


def pause(until: Event, seconds: float) -> None:
    """Wait for so long, or until this is set."""
    until.wait(seconds)


def in_background(work: Callable[[], None]) -> None:
    """Begin this and do not wait for it."""
    Thread(target=work).start()


def get(pool: ConnectionPool[C], timeout: float) -> C:
    """A connection of the pool's."""
    return pool.getconn(timeout)


def put(pool: ConnectionPool[C], conn: C) -> None:
    """Give it back."""
    pool.putconn(conn)
