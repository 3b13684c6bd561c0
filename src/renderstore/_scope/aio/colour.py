"""What asyncio does in its own way. With its twin for threads the only module written twice."""

from __future__ import annotations

import asyncio
import sys
from asyncio import Event, Lock, sleep
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

__all__ = [
    "Event",
    "Lock",
    "Waker",
    "get",
    "in_background",
    "pause",
    "put",
    "sleep",
    "together",
]

C = TypeVar("C", bound=AsyncConnection[Any])
T = TypeVar("T")

# A loop holds its tasks weakly.
_BACKGROUND: set[asyncio.Task[None]] = set()


async def pause(until: Event, seconds: float) -> None:
    """Wait for so long, or until this is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)


def in_background(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begin this and do not wait for it."""
    task = asyncio.create_task(work())
    _BACKGROUND.add(task)
    task.add_done_callback(_BACKGROUND.discard)


async def together(
    acts: Sequence[Callable[[], Awaitable[T]]],
) -> list[T | BaseException]:
    """What each gave or raised, begun at once."""
    return await asyncio.gather(*(act() for act in acts), return_exceptions=True)


class Waker:
    """Waits until a socket has something to say, or somebody rings."""

    def __init__(self) -> None:
        self._rung = Event()

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._rung.set()

    async def wait(self, socket: int, seconds: float) -> None:
        """At most so long."""
        loop = asyncio.get_running_loop()
        loop.add_reader(socket, self._rung.set)
        try:
            await pause(self._rung, seconds)
        finally:
            loop.remove_reader(socket)
            self._rung.clear()


async def get(pool: AsyncConnectionPool[C], timeout: float) -> C:
    """A connection of the pool's."""
    cancelled = _cancellations()
    conn = await pool.getconn(timeout)
    if _cancellations() != cancelled:
        await put(pool, conn)
        raise asyncio.CancelledError
    return conn


async def put(pool: AsyncConnectionPool[C], conn: C) -> None:
    """Give it back. Cancelled in there, the pool would lose it."""
    await asyncio.shield(pool.putconn(conn))


def _cancellations() -> int:
    """Before 3.12, wait_for in the pool loses a cancellation that arrives with a connection."""
    if sys.version_info >= (3, 12):
        return 0
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
