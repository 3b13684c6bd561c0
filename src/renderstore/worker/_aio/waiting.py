"""Waiting for a job's end: woken by the database, or by asking again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar
from uuid import UUID

from renderstore._life import ENDED
from renderstore._scope.aio.colour import sleep
from renderstore._scope.aio.farms import AsyncFarmStore
from renderstore._scope.aio.store import AsyncScope, AsyncStore
from renderstore._scope.dial import delays
from renderstore.aio.work import jobs
from renderstore.errors import Unreachable, WrongFarm
from renderstore.work.jobs import Job

T = TypeVar("T")

FALLBACK = 10.0
"""How long a listener sleeps at most before it looks all the same."""


async def await_job(
    store: AsyncStore | AsyncFarmStore,
    *,
    user_id: UUID,
    id: UUID,
    timeout: float | None = None,
    listen: bool = True,
) -> Job:
    """The user's job once it has ended. TimeoutError after so many seconds; NotFound when it is gone.

    Everybody who waits with one store shares one listening connection, which stands beside its pool. Where
    `listen` is False, or behind a transaction pooler, it polls.
    """
    until = None if timeout is None else monotonic() + timeout
    if not isinstance(store, AsyncFarmStore):
        return await _ended(store, user_id, id, until, listen)
    try:
        return await _ended(await store.of(user_id), user_id, id, until, listen)
    except WrongFarm as moved:
        there = store.learn(user_id, moved)
    return await _ended(there, user_id, id, until, listen)


async def _ended(
    store: AsyncStore, user_id: UUID, id: UUID, until: float | None, listen: bool
) -> Job:
    scope = store.user(user_id)
    job = await _asked(lambda: scope.run(jobs.get, id=id))
    if job.completed_at is not None:
        return job
    _nap(until, id)
    if listen and not store.is_pooled:
        return await _heard(store, scope, id, until)
    for delay in delays():
        await sleep(min(delay, _nap(until, id)))
        job = await _asked(lambda: scope.run(jobs.get, id=id))
        if job.completed_at is not None:
            return job
    raise AssertionError  # delays never end


async def _heard(
    store: AsyncStore, scope: AsyncScope, id: UUID, until: float | None
) -> Job:
    # The channel that work.end_channel names.
    async with store.ear.hear(f"renderstore_end_{id.hex}") as note:
        for delay in delays():
            note.clear()
            is_heard = note.is_heard
            # Each time, since a job may have ended and been asked for again.
            watched = await _asked(lambda: scope.run(jobs.watch, id=id))
            if watched.status in ENDED:
                job = await _asked(lambda: scope.run(jobs.get, id=id))
                if job.completed_at is not None:
                    return job
            # Until somebody listens, and where nobody can, it polls.
            await note.wait(min(FALLBACK if is_heard else delay, _nap(until, id)))
    raise AssertionError  # delays never end


async def _asked(what: Callable[[], Awaitable[T]]) -> T:
    """A second time where the connection was lost: that time it waits until the server is back."""
    try:
        return await what()
    except Unreachable:
        return await what()


def _nap(until: float | None, id: UUID) -> float:
    left = FALLBACK if until is None else until - monotonic()
    if left <= 0:
        raise TimeoutError(f"The job {id} has not ended yet.")
    return min(left, FALLBACK)
