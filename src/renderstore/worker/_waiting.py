"""Waiting for a job's end: woken by the database, or by asking again and again.

Generated from src/renderstore/worker/_awaiting.py by `just generate`; do not edit.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from renderstore._scope.dial import delays
from renderstore._scope.sync.colour import sleep
from renderstore._scope.sync.store import SyncStore
from renderstore.work import JobStatus, jobs
from renderstore.work.jobs import Job

FALLBACK = 10.0
"""How long a listener sleeps at most before it looks all the same."""

ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


def wait_for_job(
    store: SyncStore,
    *,
    user_id: UUID,
    id: UUID,
    timeout: float | None = None,
    listen: bool = True,
) -> Job:
    """The user's job once it has ended. TimeoutError after so many seconds; NotFound when it is gone.

    Listens on a connection of its own outside the pool, or polls: where `listen` is False, or behind a pooler.
    """
    until = _until(timeout)
    scope = store.user(user_id)
    if listen and not store.settings.pooler:
        # Where the connection is lost, poll.
        with suppress(psycopg.OperationalError):
            with Connection.connect(store.settings.url, autocommit=True) as conn:
                job = scope.run(jobs.get, id=id)
                if job.completed_at is not None:
                    return job
                conn.execute(_listen(id))
                # Each time, since a job may have ended and been asked for again.
                while scope.run(jobs.watch, id=id).status not in ENDED:
                    for _ in conn.notifies(timeout=_nap(until, id), stop_after=1):
                        pass
                return scope.run(jobs.get, id=id)
    for delay in delays():
        job = scope.run(jobs.get, id=id)
        if job.completed_at is not None:
            return job
        sleep(min(delay, _nap(until, id)))
    raise AssertionError  # delays never end


def _listen(id: UUID) -> sql.Composed:
    """On the channel that work.end_channel names."""
    return sql.SQL("listen {}").format(sql.Identifier(f"renderstore_end_{id.hex}"))


def _until(timeout: float | None) -> float | None:
    return None if timeout is None else monotonic() + timeout


def _nap(until: float | None, id: UUID) -> float:
    left = FALLBACK if until is None else until - monotonic()
    if left <= 0:
        raise TimeoutError(f"The job {id} has not ended yet.")
    return min(left, FALLBACK)
