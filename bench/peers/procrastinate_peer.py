"""procrastinate: a job a round trip, so many at once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import procrastinate
from procrastinate.types import JSONDict

CONTENT: JSONDict = {"content": json.loads(os.environ["CONTENT"])}


def make(connector: procrastinate.BaseConnector) -> procrastinate.App:
    app = procrastinate.App(connector=connector)

    @app.task(name="noop", queue="default")
    async def noop(content: JSONDict) -> None:  # pyright: ignore[reportUnusedFunction]
        del content

    return app


async def fill(jobs: int) -> None:
    app = make(procrastinate.PsycopgConnector())
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, jobs, 1000):
            many = min(1000, jobs - start)
            await app.configure_task("noop").batch_defer_async(*[CONTENT] * many)


async def run(connections: int) -> None:
    app = make(
        procrastinate.PsycopgConnector(min_size=connections, max_size=connections + 1)
    )
    async with app.open_async():
        await app.run_worker_async(concurrency=connections, delete_jobs="never")


def submit(jobs: int) -> None:
    app = make(procrastinate.SyncPsycopgConnector(min_size=1, max_size=1))
    with app.open():
        start = time.perf_counter()
        for _ in range(jobs):
            app.configure_task("noop").defer(**CONTENT)
        print(jobs / (time.perf_counter() - start))


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    if what == "submit":
        submit(number)
    else:
        asyncio.run(fill(number) if what == "fill" else run(number))
