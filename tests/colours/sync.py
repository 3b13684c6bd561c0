"""What the tests of threads do in their own way. With its twin for asyncio the only module written twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from renderstore.store import SyncStore

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def opened(store: SyncStore) -> Generator[SyncStore]:
    """A store for a fixture, which closes it."""
    with store:
        yield store


def all_at_once(count: int, act: Callable[[int], None]) -> list[BaseException]:
    """What went wrong when that many threads did it at once."""
    raised: list[BaseException] = []

    def catch(number: int) -> None:
        try:
            act(number)
        except Exception as error:
            raised.append(error)

    threads = [
        threading.Thread(target=catch, args=(number,)) for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def elsewhere(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What waits, while the other threads go on."""
    return act(*args, **kwargs)
