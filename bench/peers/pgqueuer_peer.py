"""pgqueuer over asyncpg on uvloop: a manager a connection, batches of any size."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

CONTENT = os.environ["CONTENT"].encode()


async def driver() -> AsyncpgDriver:
    # asyncpg brings no types.
    connect: Any = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return AsyncpgDriver(await connect())


async def fill(jobs: int) -> None:
    queries = Queries(await driver())
    await queries.install()
    for start in range(0, jobs, 1000):
        many = min(1000, jobs - start)
        await queries.enqueue(["noop"] * many, [CONTENT] * many, [0] * many)


async def submit(jobs: int) -> None:
    queries = Queries(await driver())
    start = time.perf_counter()
    for _ in range(jobs):
        await queries.enqueue("noop", CONTENT, 0)
    print(jobs / (time.perf_counter() - start))


async def run(connections: int, batch: int) -> None:
    managers: list[PgQueuer] = []
    for _ in range(connections):
        manager = PgQueuer(await driver())

        @manager.entrypoint("noop")
        async def noop(job: Job) -> None:  # pyright: ignore[reportUnusedFunction]
            del job

        managers.append(manager)
    await asyncio.gather(*[manager.run(batch_size=batch) for manager in managers])


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    if what == "work":
        uvloop.run(run(number, int(sys.argv[3])))
    else:
        uvloop.run(fill(number) if what == "fill" else submit(number))
