"""Waiting for a job's end: woken by the database, or by asking again and again.

Generated from src/renderstore/worker/_aio/waiting.py by `just generate`; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar
from uuid import UUID

from renderstore._life import ENDED
from renderstore._scope.dial import delays
from renderstore._scope.sync.colour import sleep
from renderstore._scope.sync.farms import FarmStore
from renderstore._scope.sync.store import SyncScope, SyncStore
from renderstore.errors import Unreachable, WrongFarm
from renderstore.work import jobs
from renderstore.work.jobs import Job

T = TypeVar("T")

FALLBACK = 10.0
"""How long a listener sleeps at most before it looks all the same."""


def wait_for_job(
    store: SyncStore | FarmStore,
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
    if not isinstance(store, FarmStore):
        return _ended(store, user_id, id, until, listen)
    try:
        return _ended(store.of(user_id), user_id, id, until, listen)
    except WrongFarm as moved:
        there = store.learn(user_id, moved)
    return _ended(there, user_id, id, until, listen)


def _ended(
    store: SyncStore, user_id: UUID, id: UUID, until: float | None, listen: bool
) -> Job:
    scope = store.user(user_id)
    job = _asked(lambda: scope.run(jobs.get, id=id))
    if job.completed_at is not None:
        return job
    _nap(until, id)
    if listen and not store.is_pooled:
        return _heard(store, scope, id, until)
    for delay in delays():
        sleep(min(delay, _nap(until, id)))
        job = _asked(lambda: scope.run(jobs.get, id=id))
        if job.completed_at is not None:
            return job
    raise AssertionError  # delays never end


def _heard(store: SyncStore, scope: SyncScope, id: UUID, until: float | None) -> Job:
    # The channel that work.end_channel names.
    with store.ear.hear(f"renderstore_end_{id.hex}") as note:
        for delay in delays():
            note.clear()
            is_heard = note.is_heard
            # Each time, since a job may have ended and been asked for again.
            watched = _asked(lambda: scope.run(jobs.watch, id=id))
            if watched.status in ENDED:
                job = _asked(lambda: scope.run(jobs.get, id=id))
                if job.completed_at is not None:
                    return job
            # Until somebody listens, and where nobody can, it polls.
            note.wait(min(FALLBACK if is_heard else delay, _nap(until, id)))
    raise AssertionError  # delays never end


def _asked(what: Callable[[], T]) -> T:
    """A second time where the connection was lost: that time it waits until the server is back."""
    try:
        return what()
    except Unreachable:
        return what()


def _nap(until: float | None, id: UUID) -> float:
    left = FALLBACK if until is None else until - monotonic()
    if left <= 0:
        raise TimeoutError(f"The job {id} has not ended yet.")
    return min(left, FALLBACK)
