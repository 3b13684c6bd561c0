"""The worker for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests import factories

from renderstore import aio
from renderstore.store import AsyncStore, aconnect
from renderstore.testing import Database
from renderstore.worker import AsyncJob, Output, Reason, RenderFailed, arun_worker

from .support import (
    PATIENCE,
    TROUBLE,
    count,
    job,
    spoil_sweep,
    submit,
    user,
    waits,
)


async def until(holds: Callable[[], object]) -> None:
    """It comes true."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)


def is_done(database: Database, jobs: int) -> bool:
    """Whether that many jobs are completed."""
    return count(database, "completed") == jobs


def drain(database: Database, render: Any, **settings: Any) -> None:
    """Render what is queued."""

    async def act() -> None:
        async with aconnect(database.url) as store:
            await arun_worker(store, "w", render, stop_when_empty=True, **settings)

    asyncio.run(act())


def test_it_renders_what_is_queued(database: Database) -> None:
    ids = submit(database, user(database), 30)
    seen: list[UUID] = []

    async def render(job: AsyncJob) -> None:
        assert (await job.spec()).output_path == "/renders/a.mov"
        seen.append(job.id)

    drain(database, render, concurrency=4, batch=3)
    assert sorted(seen) == ids
    assert count(database, "completed") == 30


def test_it_reports_files_and_failures(database: Database) -> None:
    first, second = submit(database, user(database), 2)

    async def render(job: AsyncJob) -> list[Output]:
        if job.id == second:
            raise RenderFailed("no license", error_class="license")
        return [Output(path="/renders/a.mov")]

    drain(database, render)
    assert job(database, first)["status"] == "completed"
    assert job(database, second)["error_class"] == "license"
    assert factories.look(database, "select path from render.outputs") == [
        ("/renders/a.mov",)
    ]


def test_a_cancellation_cancels_the_task(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    reasons: list[Reason | None] = []

    async def act() -> None:
        began, stop = asyncio.Event(), asyncio.Event()

        async def render(job: AsyncJob) -> None:
            began.set()
            try:
                await asyncio.sleep(PATIENCE)
            finally:
                reasons.append(job.reason)

        async with aconnect(database.url) as store:
            worker = asyncio.create_task(
                arun_worker(store, "w", render, lease=1.0, stop=stop)
            )
            await began.wait()
            await store.user(owner).run(aio.work.jobs.cancel, id=one, reason=None)
            await until(lambda: job(database, one)["status"] == "cancelled")
            stop.set()
            await worker

    asyncio.run(act())
    assert reasons == [Reason.CANCELLED]


def shut_down(database: Database, ask: Callable[[Any, asyncio.Event], None]) -> None:
    """A worker that renders for ever is asked to end."""

    async def act(store: AsyncStore) -> None:
        began, stop = asyncio.Event(), asyncio.Event()

        async def render(_: AsyncJob) -> None:
            began.set()
            await asyncio.sleep(PATIENCE)

        worker = asyncio.create_task(
            arun_worker(store, "w", render, grace=0.1, stop=stop)
        )
        await began.wait()
        ask(worker, stop)
        await asyncio.wait([worker])

    async def opened() -> None:
        async with aconnect(database.url) as store:
            await act(store)

    asyncio.run(opened())


def test_a_shutdown_gives_back_what_does_not_end_in_time(database: Database) -> None:
    [one] = submit(database, user(database))
    shut_down(database, lambda _, stop: stop.set())
    assert job(database, one)["status"] == "queued"
    assert job(database, one)["lost_leases"] == 0


def test_a_cancelled_worker_gives_back_what_it_held(database: Database) -> None:
    [one] = submit(database, user(database))
    shut_down(database, lambda worker, _: worker.cancel())
    assert job(database, one)["status"] == "queued"


def test_a_worker_says_what_a_sweep_could_not_do(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_sweep(database)

    async def render(_: AsyncJob) -> None:
        pass

    async def act() -> None:
        stop = asyncio.Event()
        async with aconnect(database.url) as store:
            worker = asyncio.create_task(
                arun_worker(store, "w", render, sweep_every=0.2, stop=stop)
            )
            await until(lambda: TROUBLE in caplog.text)
            stop.set()
            await worker

    asyncio.run(act())


def test_a_waiting_worker_is_woken(database: Database) -> None:
    owner = user(database)

    async def act() -> None:
        stop = asyncio.Event()

        async def render(_: AsyncJob) -> None:
            pass

        async with aconnect(database.url) as store:
            worker = asyncio.create_task(
                arun_worker(
                    store,
                    "w",
                    render,
                    stop=stop,
                    poll=10_000,
                    sweep_every=10_000,
                    lease=30_000,
                )
            )
            await until(lambda: waits(database))
            for number in range(1, 31):
                await asyncio.to_thread(submit, database, owner)
                await until(partial(is_done, database, number))
            stop.set()
            await worker

    asyncio.run(act())
