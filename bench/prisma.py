"""Prisma 7 and ours at what an application does, a process each with four in flight.

Ours is asyncio through the typed functions, each in a scope of its own; Prisma's models have no owner, no quota and no history.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from bench.ground import CONFIG, Fill, Ground, user_id
from bench.peers import HERE, NODE_MODULES

from renderstore import aconnect, aio, render, settings, work

CLIENTS = 4
OPERATIONS = ("submit", "get", "list of 20", "progress", "finish and claim")
WORK = NODE_MODULES / "prisma"


def theirs(
    ground: Ground,
    seconds: float,
    program: str = "bench.ts",
    *,
    fill: str = "",
    **given: str,
) -> dict[str, float]:
    """Operations a second of Prisma on a database of its own, as one of its programs counts them."""
    environment = {
        **os.environ,
        "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",
        "PRISMA_HIDE_UPDATE_MESSAGE": "1",
        "CLIENTS": str(CLIENTS),
        "SECONDS_EACH": str(seconds),
        "CONFIG": CONFIG,
        **given,
    }
    with ground.lent(ground.empty()) as database:
        known = settings.parse(database.admin_url).conninfo
        environment["DATABASE_URL"] = settings.write_url(known)
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute((HERE / "prisma" / "schema.sql").read_bytes())
            conn.execute(fill.encode())
            conn.execute("vacuum (analyze, freeze)")
        _prepare(environment)
        found: dict[str, float] = json.loads(_node(["tsx", program], environment))
    return found


def _prepare(environment: dict[str, str]) -> None:
    wanted, kept = HERE / "prisma" / "schema.prisma", WORK / "gen" / "made-from.prisma"
    shutil.copytree(HERE / "prisma", WORK, dirs_exist_ok=True)
    if not kept.exists() or kept.read_bytes() != wanted.read_bytes():
        shutil.rmtree(WORK / "gen", ignore_errors=True)
        _node(["prisma", "generate"], environment)
        shutil.copy(wanted, kept)


def _node(command: list[str], environment: dict[str, str]) -> str:
    said = subprocess.run(
        [str(NODE_MODULES / "node_modules" / ".bin" / command[0]), *command[1:]],
        cwd=WORK,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise RuntimeError(f"prisma: {said.stderr[-2000:]}")
    return said.stdout.strip().splitlines()[-1]


def ours(ground: Ground, seconds: float) -> dict[str, float]:
    """The same of ours, in a process of its own."""
    with ground.lent(ground.queue(Fill(users=4))) as database:
        return measured("bench.prisma", database.url, str(seconds))


def measured(module: str, *arguments: str) -> dict[str, float]:
    """What a module measured in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise RuntimeError(said.stderr[-2000:])
    found: dict[str, float] = json.loads(said.stdout)
    return found


async def timed(operation: Callable[[int], Awaitable[Any]], seconds: float) -> float:
    """How often an operation is done in a second, so many in flight."""
    for i in range(50):
        await operation(i)
    start = time.perf_counter()
    done = 0

    async def one(client: int) -> None:
        nonlocal done
        i = client * 1_000_000
        while time.perf_counter() < start + seconds:
            await operation(i)
            i += 1
            done += 1

    await asyncio.gather(*(one(client) for client in range(CLIENTS)))
    return done / (time.perf_counter() - start)


async def _measure(url: str, seconds: float) -> dict[str, float]:
    config = json.loads(CONFIG)
    out: dict[str, float] = {}
    async with aconnect(url, size=CLIENTS) as store:
        mine = store.user(UUID(user_id(1)))
        here = store.worker("bench")
        ids: list[Any] = []
        held: dict[int, Any] = {}

        async def submit(i: int) -> None:
            made = await mine.run(
                aio.render.jobs.submit,
                project_path=f"/p/{i}.aep",
                output_path=f"/o/{i}.mov",
                nexrender_config=config,
                priority=i % 10,
            )
            if len(ids) < 5000:
                ids.append(made.id)

        async def next_job(i: int) -> None:
            client = i // 1_000_000
            last = held.get(client)
            rows = await here.run(
                aio.work.jobs.finish_and_claim,
                user_ids=[last.user_id] if last else [],
                ids=[last.id] if last else [],
                attempts=[last.attempt] if last else [],
                limit=1,
            )
            held[client] = next((row for row in rows if not row.is_refused), None)

        await here.run(
            aio.work.workers.register,
            kinds=[work.JobKind.RENDER],
            labels=[],
            version=None,
        )
        out["submit"] = await timed(submit, seconds)
        out["get"] = await timed(
            lambda i: mine.run(aio.render.jobs.get, id=ids[i % len(ids)]), seconds
        )
        out["list of 20"] = await timed(
            lambda i: mine.run(
                aio.render.jobs.list,
                status=render.RenderStatus.QUEUED,
                before_id=None,
                page_size=20,
            ),
            seconds,
        )
        taken = await here.run(aio.work.jobs.claim, limit=200)
        out["progress"] = await timed(
            lambda i: here.run(
                aio.work.jobs.heartbeat,
                user_id=taken[i % 200].user_id,
                id=taken[i % 200].id,
                attempt=taken[i % 200].attempt,
                progress=i % 100,
            ),
            seconds,
        )
        out["finish and claim"] = await timed(next_job, seconds)
    return out


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(sys.argv[1], float(sys.argv[2])))))
