"""What only tasks do: be cancelled, and wait while the loop goes on."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from renderstore._scope.aio.bound import cursor
from renderstore.server import THROW_AWAY, Cluster
from renderstore.store import aconnect
from renderstore.testing import Database

WHO = b"select current_setting('renderstore.user_id'), pg_backend_pid()"


async def awho(conn: AsyncConnection[Any]) -> Any:
    return await (await cursor(conn).execute(WHO)).fetchone()


def test_the_first_scope_after_a_restart_succeeds_in_asyncio(
    restartable: tuple[Cluster, Database], is_plain: bool
) -> None:
    cluster, database = restartable

    async def act() -> None:
        async with aconnect(database.url, timeout=300, plain=is_plain) as store:
            before = await asyncio.gather(*(store.auth().run(awho) for _ in range(10)))
            cluster.stop()
            waiting = asyncio.create_task(store.auth().run(awho))
            await asyncio.to_thread(cluster.start, THROW_AWAY)
            after = await waiting
            assert after[1] not in {pid for _, pid in before}

    asyncio.run(act())


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_cancellations_loses_no_connection_and_mixes_nobody_up(
    database: Database, is_plain: bool, seed: int
) -> None:
    chance = random.Random(seed)

    async def act() -> None:
        async with aconnect(database.url, size=3, timeout=300, plain=is_plain) as store:

            async def one(number: int) -> None:
                user = UUID(int=number + 1)
                if number % 2:
                    assert (await store.user(user).run(awho))[0] == str(user)
                    return
                async with store.user(user) as conn:
                    if number % 3:
                        await conn.execute("select pg_sleep(0.002)")
                    assert (await awho(conn))[0] == str(user)

            for _ in range(10):
                tasks = [asyncio.create_task(one(number)) for number in range(30)]
                for task in tasks:
                    asyncio.get_running_loop().call_later(
                        chance.uniform(0, 0.05), task.cancel
                    )
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task
            # Every place in the pool can still be filled, by all at once.
            together = asyncio.Barrier(3)

            async def hold(number: int) -> None:
                user = UUID(int=number + 1)
                async with store.user(user) as conn:
                    assert (await awho(conn))[0] == str(user)
                    await together.wait()

            await asyncio.gather(*(hold(number) for number in range(3)))

    asyncio.run(act())
