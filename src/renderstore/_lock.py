"""yoyo's lock, a row that outlives a killed process: who holds it, and whether that process lives."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from renderstore.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of the server that could be the holder's."""

    pid: int
    login: str
    client: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The row in yoyo's lock, and what is known of whoever wrote it."""

    pid: int
    since: datetime
    """In UTC, as yoyo writes it."""
    age: str
    runs_here: str | None
    """The command of the process with this number, where it runs on this host."""
    sessions: Sequence[Session]

    @property
    def is_alive(self) -> bool | None:
        """Whether it lives; None where only its own host knows."""
        if self.runs_here is not None and "yoyo" in self.runs_here:
            return True
        # While yoyo works it is connected: without a session it is dead, wherever it ran.
        return None if self.sessions else False


_HOLDER = """
select pid, ctime, date_trunc('second', now() at time zone 'utc' - ctime)::text
from public.yoyo_lock
"""
# Whoever may write the lock could be its holder.
_SESSIONS = """
select pid, usename::text,
    case when client_addr is null then 'a socket' else host(client_addr) end,
    coalesce(state, 'in a state that this login may not see')
from pg_stat_activity
where datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type = 'client backend'
    and has_table_privilege(usesysid, 'public.yoyo_lock', 'insert')
order by pid
"""


def find(target: Settings) -> Holder | None:
    """Who holds the lock of this database, if anybody does."""
    with psycopg.connect(target.url, connect_timeout=10, autocommit=True) as conn:
        if conn.execute("select to_regclass('public.yoyo_lock')").fetchone() == (None,):
            return None
        row = conn.execute(_HOLDER).fetchone()
        if row is None:
            return None
        sessions = conn.execute(_SESSIONS).fetchall()
    pid, since, age = row
    return Holder(
        pid=pid,
        since=since,
        age=age,
        runs_here=_command(pid),
        sessions=[
            Session(pid=each[0], login=each[1], client=each[2], state=each[3])
            for each in sessions
        ],
    )


def remove(target: Settings, holder: Holder) -> bool:
    """Remove this holder's lock, and no other's; say whether it was there."""
    with psycopg.connect(target.url, connect_timeout=10, autocommit=True) as conn:
        done = conn.execute(
            "delete from public.yoyo_lock where pid = %s and ctime = %s",
            [holder.pid, holder.since],
        )
        return done.rowcount > 0


def _command(pid: int) -> str | None:
    """What runs under this number on this host; an empty word where that cannot be read."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        said = _asked_of_ps(pid)
    return said.decode(errors="replace").strip()


def _asked_of_ps(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        command = ["ps", "-o", "args=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, check=False).stdout
    return b""
