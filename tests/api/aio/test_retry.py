"""retry: what lost a race is run again, and nothing else."""

from __future__ import annotations

import psycopg.errors as pg
import pytest
from tests.colours.aio import all_at_once

from renderstore import aretry, errors
from renderstore._scope.aio.colour import sleep
from renderstore.store import aconnect
from renderstore.testing import Database


async def test_a_lost_race_is_run_again() -> None:
    raised: list[Exception] = [
        pg.SerializationFailure(),
        errors.Conflict("x"),
        pg.DeadlockDetected(),
    ]

    async def work() -> str:
        if raised:
            raise raised.pop()
        return "done"

    assert await aretry(work) == "done"


async def test_a_race_that_is_lost_every_time_is_raised() -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(1)
        raise pg.SerializationFailure

    with pytest.raises(pg.SerializationFailure):
        await aretry(work, attempts=3)
    assert len(tries) == 3


async def test_another_error_is_not_run_again() -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(1)
        raise errors.Taken("x")

    with pytest.raises(errors.Taken):
        await aretry(work)
    assert len(tries) == 1


async def test_two_serializable_transactions_both_succeed(database: Database) -> None:
    met = [0, 0]
    async with aconnect(database.url) as store:

        async def work(number: int) -> None:
            async def once() -> None:
                async with store.admin(reason="test").serializable() as conn:
                    await conn.execute("select count(*) from identity.users")
                    met[number] += 1
                    # Until the other one has looked too, and so has lost one of them.
                    while not all(met):
                        await sleep(0.01)
                    await conn.execute(
                        "insert into identity.users (name) values (%s)", (str(number),)
                    )

            await aretry(once)

        assert await all_at_once(2, work) == []
        async with store.readonly() as conn:
            found = await conn.execute("select count(*) from identity.users")
            assert await found.fetchone() == (2,)
    assert sum(met) == 3
