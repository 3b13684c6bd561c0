"""How a pool's connections are made: again and again while somebody waits for one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from logging import getLogger

import psycopg
from psycopg.adapt import AdaptersMap

from renderstore._unreached import why
from renderstore.errors import Unreachable
from renderstore.settings import Settings

_log = getLogger("renderstore")

FIRST_DELAY = 0.05
LONGEST_DELAY = 1.0

# libpq hands on what the server said in whatever language, but no SQLSTATE. In another
# language a wrong password is retried like anything else, and reported after the timeout.
_FATAL = re.compile(
    r"authentication failed|does not exist|no pg_hba\.conf entry|is not permitted to log in"
    r"|permission denied for database|no password supplied|does not support SSL"
    r"|certificate verify failed|server certificate for|not currently accepting connections"
    r"|invalid sslmode|root certificate file|no such user|unrecognized configuration parameter"
    r"|unsupported startup parameter"
)
# That slots are reserved tells few people that the server is full.
_FULL = re.compile(
    r"too many clients|too many connections|connection slots are reserved"
    r"|no more connections allowed"
)
# A pooler takes no setting with a new connection, unless it is told to ignore that.
_POOLED = re.compile(r"unsupported startup parameter")


def delays() -> Iterator[float]:
    """Exponential backoff with jitter, so that callers do not come back all at once."""
    delay = FIRST_DELAY
    while True:
        yield delay * random.uniform(0.5, 1.0)
        delay = min(delay * 2, LONGEST_DELAY)


class Dialing:
    """What one pool knows about reaching its server."""

    def __init__(
        self,
        settings: Settings,
        waiting: Callable[[], int],
        give_up: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.waiting = waiting
        self.give_up = give_up
        self.types: AdaptersMap | None = None  # the enums, once they were looked up
        self.failure: psycopg.Error | None = None
        self.is_fatal = False
        self.is_pooled = False  # found out, where nobody said
        self.lost_at = 0.0  # when a connection of this pool was last found to be lost

    def compare(self, told: int, true: int) -> None:
        """Notice a pooler: it makes up the process number that it tells its clients."""
        if told == true or self.is_pooled or self.settings.pooler is not None:
            return
        self.is_pooled = True
        _log.warning(
            "Something like PgBouncer stands between this program and %s:"
            " statements are not prepared. Say so with pgbouncer=true in the URL"
            " (connect(pooler=True), RENDERSTORE_POOLER), or pgbouncer=false where it keeps"
            " a server's connection for a whole session.",
            self.settings.dbname,
        )

    def note(self, error: psycopg.Error) -> bool:
        """Remember why; answer whether another attempt makes sense."""
        self.failure = error
        # Where another server answers, nobody waits for this one.
        if not self.is_fatal and (
            self.settings.is_replica or _FATAL.search(str(error))
        ):
            self.is_fatal = True
            self.give_up()
        return not self.is_fatal and self.waiting() > 0

    def unreachable(self) -> Unreachable:
        """Why, for people."""
        return unreachable(self.settings, self.failure)


def unreachable(settings: Settings, failure: psycopg.Error | None) -> Unreachable:
    """Why there is no connection, for people."""
    said = why(failure) if failure else "no attempt was made"
    password = settings.conninfo.get("password")
    if password:
        said = said.replace(password, "…")
    if _POOLED.search(said):
        said = (
            "something like PgBouncer stands between and refuses what is asked of a session."
            f" Say so with pgbouncer=true in the URL. It says: {said}"
        )
    if _FULL.search(said):
        said = f"every connection that the server has for it is in use. It says: {said}"
    return Unreachable(
        f"The database {settings.dbname!r} on {settings.host or 'the local socket'},"
        f" port {settings.ports}, cannot be reached as {settings.user!r}: {said}"
    )
