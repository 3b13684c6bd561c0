"""Whether the server answers: a line when it is away, and one when it is back, whoever finds out."""

from __future__ import annotations

import threading
from time import monotonic

import psycopg

from renderstore.errors import Conflict, PoolExhausted, TimedOut, Unreachable
from renderstore.worker._job import duration, log

PASSING = (Unreachable, PoolExhausted, TimedOut, Conflict, psycopg.OperationalError)
"""What a worker outlives: it tries again."""

_AWAY = (Unreachable, psycopg.OperationalError)


class Reach:
    """What the parts of one worker know together about reaching the server."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._away_since: float | None = None

    def failed(self, what: str, error: BaseException) -> None:
        """This could not be done for now."""
        if not isinstance(error, _AWAY):
            log.warning("%s could not %s for now: %s", self._name, what, error)
            return
        with self._lock:
            if self._away_since is not None:
                return
            self._away_since = monotonic()
        log.warning(
            "%s does not reach the database, and tries again until it does: %s",
            self._name,
            " ".join(str(error).split()),
        )

    def answered(self) -> None:
        """Something could be done."""
        if self.is_away:  # asked without the lock first, once a statement
            self._come_back()

    @property
    def is_away(self) -> bool:
        """Whether it was said that the server is away, and not yet that it is back."""
        return self._away_since is not None

    def _come_back(self) -> None:
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            log.warning(
                "%s reaches the database again, after %s.",
                self._name,
                duration(monotonic() - since),
            )
