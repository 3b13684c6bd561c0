"""A pool's connections, made again and again while somebody waits for one.

Generated from src/renderstore/_scope/aio/dial.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from renderstore._scope.dial import Dialing, delays
from renderstore._scope.sync.colour import Event, pause
from renderstore.settings import Settings

C = TypeVar("C")


class Dialer(Dialing):
    """Dials for one pool."""

    def __init__(
        self,
        settings: Settings,
        waiting: Callable[[], int],
        give_up: Callable[[], None],
    ) -> None:
        super().__init__(settings, waiting, give_up)
        self.closing = Event()

    def dial(self, connect: Callable[[], C]) -> C:
        """What `connect` makes, as soon as it can."""
        for delay in delays():
            try:
                made = connect()
            except psycopg.Error as error:
                if self.closing.is_set() or not self.note(error):
                    raise
            else:
                self.failure = None
                return made
            pause(self.closing, delay)
        raise AssertionError  # delays never end
