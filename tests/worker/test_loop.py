"""A render of asyncio that blocks the loop: heartbeats are late, and the worker says whose."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.worker.aio.colour import drain
from tests.worker.support import job, lines, submit, user

from renderstore.testing import Database
from renderstore.worker import AsyncJob


def test_a_render_that_blocks_the_loop_is_named(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))

    async def render(_: AsyncJob) -> None:
        for _each in range(3):  # one of them meets no heartbeat that is under way
            await asyncio.sleep(0.5)
            time.sleep(1.0)
        await asyncio.sleep(0.5)

    asyncio.run(drain(database, render, lease=1.0, sweep_every=60))
    said, *_ = [each for each in lines(caplog, "WARNING") if "heartbeat" in each]
    assert "late, since something kept the event loop from going on." in said
    assert said.endswith(f"Rendering: job {one} (attempt 1).")
    assert job(database, one)["status"] == "completed"
