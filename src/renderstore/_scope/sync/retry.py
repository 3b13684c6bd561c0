"""Run a transaction again that lost a race.

Generated from src/renderstore/_scope/aio/retry.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected, SerializationFailure

from renderstore._scope.dial import delays
from renderstore._scope.sync.colour import sleep
from renderstore.errors import Conflict, UserUnknownHere, WrongFarm

T = TypeVar("T")

ATTEMPTS = 5
# Who has moved is at another farm by now: the next attempt goes there. Who is new may have arrived.
_RACES = (
    Conflict,
    WrongFarm,
    UserUnknownHere,
    DeadlockDetected,
    SerializationFailure,
)


def retry(work: Callable[[], T], *, attempts: int = ATTEMPTS) -> T:
    """What `work` returns; it opens its own scope, and must have no effect outside of it.

    Run again after a serialization failure, a deadlock, a move to another farm or where one has not heard of the user yet, up to this many attempts in all.
    """
    for attempt, delay in enumerate(delays(), start=1):
        try:
            return work()
        except _RACES:
            if attempt >= attempts:
                raise
        sleep(delay)
    raise AssertionError  # delays never end
