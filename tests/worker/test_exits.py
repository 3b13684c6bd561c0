"""What asks for the end of the program, in a task that a render starts, is the end of its job and of nothing else."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any
from uuid import UUID

import pytest
from tests import factories
from tests.worker.support import job, submit, user

from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.worker import AsyncJob, arun_worker


async def leave() -> None:
    await asyncio.sleep(0)
    sys.exit(3)


async def interrupt() -> None:
    raise KeyboardInterrupt


async def gathered() -> None:
    await asyncio.gather(leave())


async def grouped() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(1000))
        group.create_task(leave())


async def interrupted() -> None:
    await asyncio.create_task(interrupt())


async def within_a_limit() -> None:
    await asyncio.wait_for(leave(), 1000)


async def shielded() -> None:
    await asyncio.shield(leave())


async def grandchild() -> None:
    await asyncio.create_task(gathered())


async def in_a_context_of_its_own() -> None:
    await asyncio.create_task(gathered(), context=Context())


async def that_nobody_awaits() -> None:
    task = asyncio.create_task(leave())
    while not task.done():
        await asyncio.sleep(0)


async def by_a_callback() -> None:
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def act() -> None:
        try:
            await leave()
        finally:
            over.set_result(None)

    tasks: list[asyncio.Task[None]] = []
    asyncio.get_running_loop().call_soon(
        lambda: tasks.append(asyncio.create_task(act()))
    )
    await over
    await tasks[0]


EXITS: dict[Callable[[], Awaitable[None]], str] = {
    gathered: "SystemExit: 3",
    grouped: "SystemExit: 3",
    interrupted: "KeyboardInterrupt:",
    within_a_limit: "SystemExit: 3",
    shielded: "SystemExit: 3",
    grandchild: "SystemExit: 3",
    in_a_context_of_its_own: "SystemExit: 3",
    that_nobody_awaits: "SystemExit: 3",
    by_a_callback: "SystemExit: 3",
}


def drain(
    database: Database,
    render: Callable[[AsyncJob], Awaitable[None]],
    factory: Any = None,
) -> None:
    """Render what is queued, on a loop that makes its tasks so; it has its factory again afterwards."""

    async def act() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        async with aconnect(database.url) as store:
            await arun_worker(store, "w", render, stop_when_empty=True, concurrency=3)
        assert loop.get_task_factory() is factory

    asyncio.run(act())


def check_failed(database: Database, by_id: dict[UUID, str]) -> None:
    for one, begins in by_id.items():
        found = job(database, one)
        assert (found["status"], found["attempt"]) == ("failed", 1)
        assert found["error_message"].startswith(begins), found["error_message"]
        assert "renderstore/worker/_" not in found["error_message"]


def test_an_exit_in_a_task_of_a_render_fails_its_job_alone(
    database: Database,
) -> None:
    other, *ids = submit(database, user(database), 1 + len(EXITS))
    by_id = dict(zip(ids, EXITS, strict=True))
    left = set(ids)

    async def render(job: AsyncJob) -> None:
        if job.id == other:  # it runs beside all of them
            while left:
                await asyncio.sleep(0.01)
        else:
            left.remove(job.id)
            await by_id[job.id]()

    drain(database, render)
    check_failed(database, {one: EXITS[by_id[one]] for one in ids})
    found = job(database, other)
    assert (found["status"], found["attempt"]) == ("completed", 1)


def test_a_render_that_deals_with_an_exit_has_not_failed(database: Database) -> None:
    ids = submit(database, user(database), 2)

    async def render(job: AsyncJob) -> None:
        if job.id == ids[0]:
            [found] = await asyncio.gather(leave(), return_exceptions=True)
            assert isinstance(found, Exception)
            assert isinstance(found.__cause__, SystemExit)
        else:
            with pytest.raises(Exception, match="ended with SystemExit"):
                await asyncio.create_task(leave())

    drain(database, render)
    assert [job(database, one)["status"] for one in ids] == ["completed"] * 2


def test_tasks_of_a_render_are_what_they_were(database: Database) -> None:
    [one] = submit(database, user(database))
    said: list[str] = []

    async def answer() -> str:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            return "cleaned up"
        return "never"

    async def render(_: AsyncJob) -> None:
        early, late = asyncio.create_task(answer()), asyncio.create_task(answer())
        early.cancel()  # before its first step
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        said.extend((repr(late), late.get_stack()[0].f_code.co_name))
        late.cancel()
        said.append(await late)
        assert early.cancelled()

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "was never awaited"
        drain(database, render)
    assert job(database, one)["status"] == "completed"
    assert "answer() running at" in said[0]
    assert said[1:] == ["answer", "cleaned up"]


def test_a_task_factory_that_was_there_makes_the_tasks(database: Database) -> None:
    [one] = submit(database, user(database))
    made: list[str] = []

    def factory(
        loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        made.append(getattr(coro, "__qualname__", ""))
        return asyncio.Task(coro, loop=loop, **options)

    async def render(_: AsyncJob) -> None:
        await gathered()

    drain(database, render, factory)
    assert "leave" in made
    check_failed(database, {one: "SystemExit: 3"})


def test_workers_on_one_loop_share_what_contains_exits(database: Database) -> None:
    [one] = submit(database, user(database))

    async def act() -> None:
        began, has_ended = asyncio.Event(), asyncio.Event()

        async def render(_: AsyncJob) -> None:
            began.set()
            await has_ended.wait()
            await gathered()

        async with aconnect(database.url) as store:
            elder = asyncio.create_task(
                arun_worker(store, "elder", render, stop_when_empty=True)
            )
            await began.wait()
            await arun_worker(store, "younger", render, stop_when_empty=True)
            has_ended.set()
            await elder
        assert asyncio.get_running_loop().get_task_factory() is None

    asyncio.run(act())
    check_failed(database, {one: "SystemExit: 3"})


def test_an_exit_of_the_programs_own_task_ends_it(database: Database) -> None:
    async def nothing(_: AsyncJob) -> None:
        """A render that takes no time."""

    async def act() -> None:
        async with aconnect(database.url) as store:
            worker = asyncio.create_task(arun_worker(store, "w", nothing))
            while not factories.look(database, "select from work.workers"):
                await asyncio.sleep(0.02)
            own = asyncio.create_task(leave())
            await asyncio.gather(worker, own)

    with pytest.raises(SystemExit, match="3"):
        asyncio.run(act())
