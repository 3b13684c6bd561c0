"""Waiting for a job's end: woken by the database, or by asking again and again."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql

from renderstore._scope.aio.colour import sleep
from renderstore._scope.aio.store import AsyncStore
from renderstore._scope.dial import delays
from renderstore.aio.work import jobs
from renderstore.work import JobStatus
from renderstore.work.jobs import Job

FALLBACK = 10.0
"""How long a listener sleeps at most before it looks all the same."""

ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


async def await_job(
    store: AsyncStore,
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
            async with await AsyncConnection.connect(
                store.settings.url, autocommit=True
            ) as conn:
                job = await scope.run(jobs.get, id=id)
                if job.completed_at is not None:
                    return job
                await conn.execute(_listen(id))
                # Each time, since a job may have ended and been asked for again.
                while (await scope.run(jobs.watch, id=id)).status not in ENDED:
                    async for _ in conn.notifies(timeout=_nap(until, id), stop_after=1):
                        pass
                return await scope.run(jobs.get, id=id)
    for delay in delays():
        job = await scope.run(jobs.get, id=id)
        if job.completed_at is not None:
            return job
        await sleep(min(delay, _nap(until, id)))
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
