"""One connection that hears notifications for everybody in a program who waits for one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from renderstore._scope.aio.colour import Event, Lock, Waker, in_background, pause
from renderstore._scope.dial import delays
from renderstore._scope.store import log
from renderstore.settings import Settings, write_url

LINGER = 10.0
"""How long the connection stays when nobody waits any more."""

_LISTEN = sql.SQL("listen {}")
_UNLISTEN = sql.SQL("unlisten {}")
_CLOSING = 5.0
_DEAF_AFTER = 60.0


def ear_url(settings: Settings) -> str:
    """The address for a connection that only listens: it notices when the server is gone."""
    bounded = settings.bounded(size=1, seconds=_DEAF_AFTER, pooler=True)
    return write_url({"connect_timeout": "10", **bounded.parameters})


async def heard(conn: AsyncConnection[Any], waker: Waker, seconds: float) -> list[str]:
    """The channels that said something, as soon as one does, or the waker was rung."""
    await waker.wait(conn.fileno(), seconds)
    conn.pgconn.consume_input()
    channels: list[str] = []
    while (found := conn.pgconn.notifies()) is not None:
        channels.append(found.relname.decode())
    return channels


class AsyncNote:
    """One waiter's: rung when its channel says something, and when something may have been missed."""

    def __init__(self) -> None:
        self.is_heard = False
        """Whether somebody listens. Read it before you look: what comes after that rings."""
        self._rung = Event()

    def ring(self) -> None:
        """Let the waiter look."""
        self._rung.set()

    def clear(self) -> None:
        """What rang before is seen to by the look that follows."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Until it rings, or so long."""
        await pause(self._rung, seconds)


class AsyncEar:
    """Listens on as many channels as there are waiters for, and reconnects while there are any."""

    def __init__(self, settings: Settings) -> None:
        self._url = ear_url(settings)
        self._lock = Lock()
        self._waker = Waker()
        self._closing = Event()
        self._ended = Event()
        self._listener: object | None = None
        self._notes: dict[str, set[AsyncNote]] = {}

    @asynccontextmanager
    async def hear(self, channel: str) -> AsyncGenerator[AsyncNote]:
        """A note for this channel."""
        note = AsyncNote()
        async with self._lock:
            self._notes.setdefault(channel, set()).add(note)
            begins = self._listener is None and not self._closing.is_set()
            if begins:
                self._listener = listener = object()
                self._ended.clear()
                in_background(lambda: self._listen(listener))
        self._waker.ring()
        try:
            yield note
        finally:
            async with self._lock:
                notes = self._notes[channel]
                notes.discard(note)
                if not notes:
                    del self._notes[channel]
            self._waker.ring()

    def refuse(self) -> None:
        """Listen no more; whoever waits looks once more, and finds its store closed."""
        self._closing.set()
        self._waker.ring()
        self._ring_all(is_heard=False)

    async def close(self) -> None:
        """The same, and wait until the connection is closed."""
        self.refuse()
        if self._listener is not None:
            await pause(self._ended, _CLOSING)

    async def _listen(self, me: object) -> None:
        backoff = delays()
        is_lost = False
        try:
            while not self._closing.is_set():
                try:
                    async with await AsyncConnection.connect(
                        self._url, autocommit=True, prepare_threshold=None
                    ) as conn:
                        backoff, is_lost = delays(), False
                        if await self._serve(conn):
                            return
                except psycopg.Error as error:
                    if not is_lost:
                        log.warning(
                            "Who waits for a notification looks again and again until"
                            " this program can listen: %s",
                            error,
                        )
                    is_lost = True
                    self._ring_all(is_heard=False)
                await pause(self._closing, next(backoff))
        finally:
            # Another one may have begun since this one found nobody waiting.
            if self._listener in (me, None):
                self._listener = None
                self._ended.set()

    async def _serve(self, conn: AsyncConnection[Any]) -> bool:
        """Hear until nobody has waited for a while."""
        conn.add_notify_handler(lambda found: self._ring(found.channel))
        listening: set[str] = set()
        needed_at = monotonic()
        while not self._closing.is_set():
            async with self._lock:
                wanted = {channel: list(each) for channel, each in self._notes.items()}
                if wanted:
                    needed_at = monotonic()
                elif monotonic() > needed_at + LINGER:
                    self._listener = None
                    return True
            changes = [
                *(_LISTEN.format(sql.Identifier(x)) for x in wanted.keys() - listening),
                *(
                    _UNLISTEN.format(sql.Identifier(x))
                    for x in listening - wanted.keys()
                ),
            ]
            if changes:
                await conn.execute(sql.SQL("; ").join(changes))
            listening = set(wanted)
            for notes in wanted.values():
                for note in notes:
                    if not note.is_heard:
                        note.is_heard = True
                        note.ring()
            for channel in await heard(conn, self._waker, LINGER):
                self._ring(channel)
        return True

    def _ring(self, channel: str) -> None:
        for note in list(self._notes.get(channel, ())):
            note.ring()

    def _ring_all(self, *, is_heard: bool) -> None:
        for notes in list(self._notes.values()):
            for note in list(notes):
                note.is_heard = is_heard
                note.ring()
