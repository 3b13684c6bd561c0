"""What the tests of asyncio do in their own way. With its twin for threads the only module written twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from renderstore.store import AsyncStore

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def opened(store: AsyncStore) -> Generator[AsyncStore]:
    """A store for a fixture. tests/conftest.py closes it, in the loop of its test."""
    yield store


async def all_at_once(
    count: int, act: Callable[[int], Awaitable[None]]
) -> list[BaseException]:
    """What went wrong when that many tasks did it at once."""
    results = await asyncio.gather(
        *(act(number) for number in range(count)), return_exceptions=True
    )
    return [each for each in results if each is not None]


async def elsewhere(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What waits without a loop, while the loop goes on."""
    return await asyncio.to_thread(act, *args, **kwargs)
