"""Many clients at once: processes that connect, wait for each other, and then run."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe

Client = Callable[[str, int, Callable[[], None]], None]
"""Gets an address and its number; calls what it is given once it is ready to be timed."""


def seconds(client: Client, url: str, clients: int) -> float:
    """How long it takes until every client is done, from when all are ready."""
    context = multiprocessing.get_context("spawn")
    pipes: list[Pipe] = []
    for number in range(clients):
        ours, theirs = context.Pipe()
        context.Process(
            target=_run, args=(client, url, number, theirs), daemon=True
        ).start()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    start = time.perf_counter()
    for pipe in pipes:
        pipe.send(None)
    for pipe in pipes:
        if (problem := pipe.recv()) is not None:
            raise RuntimeError(problem)
    return time.perf_counter() - start


def _run(client: Client, url: str, number: int, pipe: Pipe) -> None:
    def ready() -> None:
        pipe.send(None)
        pipe.recv()

    try:
        client(url, number, ready)
    except Exception as error:
        pipe.send(repr(error))
        raise
    pipe.send(None)
