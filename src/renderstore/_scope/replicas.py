"""How it is found out whether a replica is near enough."""

from __future__ import annotations

from time import monotonic
from typing import LiteralString

from renderstore._scope.connection import Scoped

FRESH = 1.0
"""For how many seconds an answer holds."""
AGAIN = 5.0
"""After how many seconds replicas are tried again that did not answer."""

LAG: LiteralString = """
select
    pg_is_in_recovery(),
    extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8,
    pg_last_wal_replay_lsn()::text
"""
# Whether it receives says less: a receiver may hang, or follow a replica that hangs.
LACKS_NOTHING: LiteralString = """
select case when not pg_is_in_recovery() then pg_current_wal_lsn() <= %s::pg_lsn end
"""


class Near:
    """What is known of one replica."""

    def __init__(self) -> None:
        self.is_near = False
        self._asked_at = -FRESH

    def is_due(self) -> bool:
        """Whether the caller is to ask; whoever comes meanwhile goes by what was known."""
        now = monotonic()
        if now < self._asked_at + FRESH:
            return False
        self._asked_at = now
        return True


def server(conn: Scoped) -> object:
    """Which of several it is that answers on this connection."""
    return conn.info.host, conn.info.hostaddr, conn.info.port
