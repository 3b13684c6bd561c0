"""A render of asyncio that keeps the loop from going on: nobody loses a job, and it is said who does it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable

import pytest
from tests.factories import acting, look
from tests.worker.aio.colour import drain
from tests.worker.support import PATIENCE, eventually, job, lines, submit, user
from tests.worker.sync.colour import drain as drain_in_threads

from renderstore.testing import Database
from renderstore.worker import AsyncJob, Job, Reason

# A machine that does much else must not be what loses it.
LEASE = 6.0


def block_until(holds: Callable[[], bool]) -> None:
    """Keep this thread, and a loop that runs in it, until that is so."""
    held = threading.Event()

    def look_out() -> None:
        eventually(holds)
        held.set()

    threading.Thread(target=look_out).start()
    assert held.wait(PATIENCE)


def test_leases_are_kept_while_a_render_blocks_the_loop(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    who = user(database)
    submit(database, who, 2)

    def is_kept() -> bool:
        """More than a lease after they were claimed; a sweep would take them back now."""
        with acting(database, "worker", actor="worker:sweeper") as conn:
            conn.execute("select work.sweep(1000)")
        return look(
            database,
            "select count(*) from work.jobs where status = 'running'"
            " and lease_expires_at > started_at + interval '13 s'",
        ) == [(2,)]

    begun = 0

    async def render(_: AsyncJob) -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            block_until(is_kept)
            # A heartbeat's time, in which the thread sees that.
            await asyncio.sleep(LEASE / 2)
        while begun < 2:
            await asyncio.sleep(0.01)

    asyncio.run(drain(database, render, lease=LEASE, sweep_every=60, concurrency=2))
    assert look(
        database, "select distinct status, attempt, lost_leases from work.jobs"
    ) == [("completed", 1, 0)]
    said = [each for each in lines(caplog, "WARNING") if "event loop" in each]
    assert "w: the event loop has not gone on for" in said[0]
    assert f"in block_until ({__file__}:" in said[0]
    assert said[1] == "w: the event loop goes on again."


def test_a_cancellation_is_heard_while_the_loop_is_blocked(database: Database) -> None:
    who = user(database)
    one, other = submit(database, who, 2)
    running: list[AsyncJob] = []
    heard: list[Reason | None] = []

    async def render(held: AsyncJob) -> None:
        running.append(held)
        if held.id == one:
            await asyncio.sleep(PATIENCE)  # it is cancelled when the loop goes on
        while len(running) < 2:
            await asyncio.sleep(0.01)
        with acting(database, "app", who) as conn:
            conn.execute("select work.cancel(id) from unnest(%s) as id", [[one, other]])
        block_until(lambda: held.reason is not None)
        heard.append(held.reason)

    asyncio.run(drain(database, render, lease=LEASE, sweep_every=60, concurrency=2))
    assert heard == [Reason.CANCELLED]
    assert [job(database, each)["status"] for each in (one, other)] == ["cancelled"] * 2


def test_a_render_that_keeps_every_thread_from_going_on_is_named(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))
    before = sys.getswitchinterval()

    def render(_: Job) -> None:
        # As a library in C does that holds the interpreter's lock.
        time.sleep(0.5)
        sys.setswitchinterval(60)
        try:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                pass
        finally:
            sys.setswitchinterval(before)
        time.sleep(0.5)

    drain_in_threads(database, render, lease=1.0, sweep_every=60)
    assert any(
        "late, since something kept this program's threads from going on." in each
        and each.endswith(f"Rendering: job {one} (attempt 1).")
        for each in lines(caplog, "WARNING")
    )
