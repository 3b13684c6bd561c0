"""What a cancelled task leaves behind: nothing. What both colours can do stands in aio/test_leaks.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

from psycopg import AsyncConnection
from tests.isolation.aio.test_leaks import check
from tests.isolation.leaks import Place, noting

from renderstore._scope.aio.bound import cursor
from renderstore.store import AsyncStore, aconnect


async def _sleeps(conn: AsyncConnection[Any]) -> None:
    await conn.execute("select pg_sleep(30)")


async def _sleeps_in_the_vocabulary(conn: AsyncConnection[Any]) -> None:
    await cursor(conn).execute("select pg_sleep(30)")


async def _sets_and_sleeps(conn: AsyncConnection[Any]) -> None:
    await conn.execute("set role renderstore_admin")
    await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_transaction(conn: AsyncConnection[Any]) -> None:
    async with conn.transaction():
        await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_pipeline(conn: AsyncConnection[Any]) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")
        await conn.execute("select pg_sleep(30)")


async def _sleeps_in_a_copy(conn: AsyncConnection[Any]) -> None:
    async with conn.cursor().copy(
        "copy (select pg_sleep(0.01) from generate_series(1, 100000)) to stdout"
    ) as copy:
        async for _ in copy:
            pass


async def _sleeps_in_python(conn: AsyncConnection[Any]) -> None:
    await conn.execute("select set_config('role', 'renderstore_admin', false)")
    await asyncio.sleep(30)


async def _sleeps_in_a_stream(conn: AsyncConnection[Any]) -> None:
    async for _ in conn.cursor().stream(
        "select pg_sleep(0.01) from generate_series(1, 100000)"
    ):
        pass


SLEEPERS: Sequence[Callable[[AsyncConnection[Any]], Coroutine[None, None, None]]] = (
    _sleeps,
    _sleeps_in_the_vocabulary,
    _sets_and_sleeps,
    _sleeps_in_a_transaction,
    _sleeps_in_a_pipeline,
    _sleeps_in_a_copy,
    _sleeps_in_python,
    _sleeps_in_a_stream,
)


def test_nothing_is_left_of_a_cancelled_task(place: Place, is_plain: bool) -> None:
    wrong: list[str] = []

    async def in_a_scope(
        store: AsyncStore, function: Callable[[AsyncConnection[Any]], Awaitable[None]]
    ) -> None:
        async with store.user(place.users[0]) as conn:
            await function(conn)

    async def situation(
        function: Callable[[AsyncConnection[Any]], Coroutine[None, None, None]],
        *,
        runs: bool,
    ) -> None:
        async with aconnect(place.url, size=1, plain=is_plain) as store:
            for _ in range(2):
                task = asyncio.create_task(
                    store.user(place.users[0]).run(function)
                    if runs
                    else in_a_scope(store, function)
                )
                await asyncio.sleep(0.1)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                assert task.cancelled()
                await check(store, place)

    for function, runs in product(SLEEPERS, (False, True)):
        with noting(wrong, f"{function.__name__}, run: {runs}"):
            asyncio.run(situation(function, runs=runs))
    assert not wrong, "\n".join(wrong)
