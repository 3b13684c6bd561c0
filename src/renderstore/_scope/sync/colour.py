"""What threads do in their own way. With its twin for asyncio the only module written twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from socket import socketpair
from threading import Event, Lock, Thread
from time import sleep
from typing import Any, TypeVar

from psycopg import Connection
from psycopg_pool import ConnectionPool

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

C = TypeVar("C", bound=Connection[Any])
T = TypeVar("T")


def pause(until: Event, seconds: float) -> None:
    """Wait for so long, or until this is set."""
    until.wait(seconds)


def in_background(work: Callable[[], None]) -> None:
    """Begin this and do not wait for it."""
    Thread(target=work, daemon=True).start()


def together(acts: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """What each gave or raised, begun at once."""
    with ThreadPoolExecutor(max(1, len(acts))) as pool:
        begun = [pool.submit(act) for act in acts]
    return [each.exception() or each.result() for each in begun]


class Waker:
    """Waits until a socket has something to say, or somebody rings."""

    def __init__(self) -> None:
        self._hearing, self._ringing = socketpair()
        self._hearing.setblocking(False)
        self._ringing.setblocking(False)

    def ring(self) -> None:
        """End the wait, or the next one."""
        with suppress(BlockingIOError):  # rung more often than it was heard
            self._ringing.send(b".")

    def wait(self, socket: int, seconds: float) -> None:
        """At most so long."""
        with DefaultSelector() as selector:
            selector.register(socket, EVENT_READ)
            selector.register(self._hearing, EVENT_READ)
            selector.select(seconds)
        with suppress(BlockingIOError):
            while self._hearing.recv(4096):
                pass


def get(pool: ConnectionPool[C], timeout: float) -> C:
    """A connection of the pool's."""
    return pool.getconn(timeout)


def put(pool: ConnectionPool[C], conn: C) -> None:
    """Give it back."""
    pool.putconn(conn)
