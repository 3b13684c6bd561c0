"""What the worker's tests of asyncio do in their own way. With its twin for threads the only module written twice."""

from __future__ import annotations

import asyncio
from asyncio import Event
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from tests.worker import support
from tests.worker.support import PATIENCE

from renderstore.store import AsyncStore, aconnect
from renderstore.testing import Database
from renderstore.worker import AsyncJob, Reason, arun_worker

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

COLOUR = "aio"
T = TypeVar("T")


async def eventually(holds: Callable[[], object]) -> None:
    """It comes true."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)


async def happened(event: Event) -> None:
    """It is set."""
    async with asyncio.timeout(PATIENCE):
        await event.wait()


async def wait(seconds: float) -> None:
    """So long."""
    await asyncio.sleep(seconds)


async def told_to_stop(job: AsyncJob) -> Reason | None:
    """Until the job should stop; why."""
    try:
        await asyncio.sleep(PATIENCE)
    except asyncio.CancelledError:
        return job.reason
    raise AssertionError("nobody told it to stop")


async def never(job: AsyncJob) -> None:
    """A render that hears nobody, for a long time."""
    del job
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(PATIENCE)
    # The end of the test's loop is the next to cancel it.
    await asyncio.sleep(PATIENCE)


async def drain(database: Database, render: Any, **settings: Any) -> None:
    """Render what is queued."""
    async with aconnect(database.url) as store:
        await arun_worker(store, "w", render, stop_when_empty=True, **settings)


@asynccontextmanager
async def working(
    database: Database,
    render: Any,
    name: str = "w",
    store: AsyncStore | None = None,
    raised: list[BaseException] | None = None,
    **settings: Any,
) -> AsyncGenerator[Event]:
    """A worker beside the test; what it raised is raised at the end, unless it is asked for."""
    stop = Event()
    opened = store or aconnect(database.url)
    task = asyncio.create_task(arun_worker(opened, name, render, stop=stop, **settings))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait([task], timeout=PATIENCE)
        await opened.close()
    assert task.done()
    if raised is None:
        task.result()
    elif (error := task.exception()) is not None:
        raised.append(error)


WAITERS = 1000


@asynccontextmanager
async def meanwhile(
    act: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any
) -> AsyncGenerator[list[T]]:
    """Do this beside what follows; what it gave is in the list afterwards, what it raised is raised."""
    found: list[T] = []

    async def call() -> None:
        found.append(await act(*args, **kwargs))

    task = asyncio.create_task(call())
    try:
        yield found
        await asyncio.wait([task], timeout=PATIENCE)
        assert task.done()
        task.result()
    finally:
        task.cancel()


@asynccontextmanager
async def forked(
    act: Callable[[AsyncStore], Coroutine[Any, Any, None]], store: AsyncStore
) -> AsyncGenerator[list[bool]]:
    """Do this in a child, with the parent's store; whether it went well is in the list afterwards."""
    with support.in_a_child(lambda: asyncio.run(act(store))) as is_well:
        yield is_well
        await asyncio.to_thread(is_well.wait)


PROCESS = """
import asyncio, logging, sys
from renderstore import aconnect
from renderstore.worker import arun_worker

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
logging.getLogger("psycopg").setLevel(logging.ERROR)

async def render(job):
    print(job.id, job.attempt, flush=True)
    {how}

async def main():
    async with aconnect({url!r}) as store:
        await arun_worker(store, {name!r}, render, **{settings!r})

asyncio.run(main())
"""
DEAF = """for _ in range(100_000):
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            pass"""
SLEEPS = "await asyncio.sleep({seconds})"
