"""A pool's connections, made again and again while somebody waits for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg

from renderstore._scope.aio.colour import Event, pause
from renderstore._scope.dial import Dialing, delays
from renderstore.settings import Settings

C = TypeVar("C")


class AsyncDialer(Dialing):
    """Dials for one pool."""

    def __init__(
        self,
        settings: Settings,
        waiting: Callable[[], int],
        give_up: Callable[[], None],
    ) -> None:
        super().__init__(settings, waiting, give_up)
        self.closing = Event()

    async def dial(self, connect: Callable[[], Awaitable[C]]) -> C:
        """What `connect` makes, as soon as it can."""
        for delay in delays():
            try:
                made = await connect()
            except psycopg.Error as error:
                if self.closing.is_set() or not self.note(error):
                    raise
            else:
                self.failure = None
                return made
            await pause(self.closing, delay)
        raise AssertionError  # delays never end
