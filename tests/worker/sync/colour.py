"""What the worker's tests of threads do in their own way. With its twin for asyncio the only module written twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from typing import Any, TypeVar

from tests.worker import support
from tests.worker.support import PATIENCE

from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.worker import Job, Reason, run_worker

__all__ = [
    "COLOUR",
    "DEAF",
    "PROCESS",
    "SLEEPS",
    "WAITERS",
    "Event",
    "drain",
    "eventually",
    "forked",
    "happened",
    "meanwhile",
    "never",
    "told_to_stop",
    "wait",
    "working",
]

COLOUR = "sync"
T = TypeVar("T")


def eventually(holds: Callable[[], object]) -> None:
    """It comes true."""
    support.eventually(holds)


def happened(event: Event) -> None:
    """It is set."""
    assert event.wait(PATIENCE)


def wait(seconds: float) -> None:
    """So long."""
    time.sleep(seconds)


def told_to_stop(job: Job) -> Reason | None:
    """Until the job should stop; why."""
    assert job.should_stop.wait(PATIENCE), "nobody told it to stop"
    return job.reason


def never(job: Job) -> None:
    """A render that hears nobody, for a long time."""
    del job
    time.sleep(PATIENCE)


def drain(database: Database, render: Any, **settings: Any) -> None:
    """Render what is queued."""
    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True, **settings)


@contextmanager
def working(
    database: Database,
    render: Any,
    name: str = "w",
    store: SyncStore | None = None,
    raised: list[BaseException] | None = None,
    **settings: Any,
) -> Generator[Event]:
    """A worker beside the test; what it raised is raised at the end, unless it is asked for."""
    stop = Event()
    errors: list[BaseException] = [] if raised is None else raised
    opened = store or connect(database.url)

    def act() -> None:
        try:
            run_worker(opened, name, render, stop=stop, **settings)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        opened.close()
    assert not thread.is_alive()
    if raised is None and errors:
        raise errors[0]


WAITERS = 1000
"""As many threads."""


@contextmanager
def meanwhile(act: Callable[..., T], *args: Any, **kwargs: Any) -> Generator[list[T]]:
    """Do this beside what follows; what it gave is in the list afterwards, what it raised is raised."""
    found: list[T] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            found.append(act(*args, **kwargs))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    yield found
    thread.join(PATIENCE)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


@contextmanager
def forked(act: Callable[[SyncStore], None], store: SyncStore) -> Generator[list[bool]]:
    """Do this in a child, with the parent's store; whether it went well is in the list afterwards."""
    with support.in_a_child(lambda: act(store)) as is_well:
        yield is_well
        is_well.wait()


PROCESS = """
import logging, sys, time
from renderstore import connect
from renderstore.worker import run_worker

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
logging.getLogger("psycopg").setLevel(logging.ERROR)

def render(job):
    print(job.id, job.attempt, flush=True)
    {how}

with connect({url!r}) as store:
    run_worker(store, {name!r}, render, **{settings!r})
"""
DEAF = "time.sleep(10_000)"
SLEEPS = "time.sleep({seconds})"
