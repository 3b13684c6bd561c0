"""What a worker of threads does in its own way. With its twin for asyncio the only module written twice."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from time import monotonic
from typing import Any

from renderstore._scope.sync.farms import FarmStore
from renderstore._scope.sync.store import SyncStore
from renderstore.errors import Misconfigured
from renderstore.worker._job import HeldJob, log
from renderstore.worker._outcomes import Outcome, Output, failure, finished
from renderstore.worker._substitute import Substitute

__all__ = [
    "HELD_UP",
    "Asked",
    "Bell",
    "Event",
    "HeldTask",
    "Lock",
    "Render",
    "Task",
    "check",
    "dismiss",
    "is_over",
    "over",
    "perform",
    "signals_heard",
    "start",
    "substituted",
    "undisturbed",
]

Task = threading.Thread

HELD_UP = "something kept this program's threads from going on"
"""Why a heartbeat is late."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class HeldTask(HeldJob):
    """A job whose render runs in a thread: it looks whether it should stop."""

    _should_stop: Event | None = None

    @property
    def should_stop(self) -> Event:
        """Set when the render should end: look at it, or wait on it. Then `reason` says why."""
        # Made when it is asked for: most renders of a batch never do, and it costs more than the rest of a job.
        with self._lock:
            if self._should_stop is None:
                self._should_stop = Event()
                if self.reason is not None:
                    self._should_stop.set()
            return self._should_stop

    def _interrupt(self) -> None:
        self.should_stop.set()


Render = Callable[[Any], Iterable[Output] | None]


def check(store: object, render: object, stop: object) -> None:
    """What a caller may mix up."""
    if not isinstance(store, SyncStore | FarmStore):
        raise Misconfigured(
            f"run_worker takes a store of connect(), not {store!r}; arun_worker takes one of aconnect()."
        )
    if not callable(render):
        raise Misconfigured(f"The render is a function of one job, not {render!r}.")
    if inspect.iscoroutinefunction(render) or inspect.iscoroutinefunction(
        getattr(render, "__call__", None)  # noqa: B004 (it may be a coroutine function)
    ):
        raise Misconfigured(
            "The render is a coroutine function: run_worker calls a plain one, arun_worker awaits it."
        )
    if stop is not None and not isinstance(stop, Event):
        raise Misconfigured(f"stop is a threading.Event, not {stop!r}.")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    log.warning(
        "run_worker keeps this thread until it ends, and the event loop that runs in it stands"
        " still: call it in a thread of its own, or use arun_worker."
    )


class Bell:
    """Wakes one thread."""

    def __init__(self) -> None:
        self._event = Event()

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._event.set()

    def clear(self) -> None:
        """Forget what rang."""
        self._event.clear()

    def is_rung(self) -> bool:
        """Whether the next wait ends at once."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it rang before the time was over."""
        return self._event.wait(seconds)


class Asked:
    """How often somebody asked the worker to end: a signal, its caller's `stop`."""

    def __init__(self, stop: Event | None) -> None:
        self._stop = stop or Event()
        self._count = 0

    @property
    def times(self) -> int:
        """So often until now."""
        return self._count + self._stop.is_set()

    def ask(self) -> None:
        """Once more. It only counts: a signal's handler must not take a lock that its thread may hold."""
        self._count += 1


def start(what: Callable[[], None], name: str) -> Task:
    """A thread of its own."""
    thread = threading.Thread(target=what, name=name, daemon=True)
    thread.start()
    return thread


def over(
    tasks: Sequence[Task], seconds: float | None, asked: Asked, times: int
) -> None:
    """Until all of these have ended, the time is over, or it was asked more often than that."""
    until = None if seconds is None else monotonic() + seconds
    for each in tasks:
        while each.is_alive() and asked.times <= times:
            if until is not None and monotonic() >= until:
                return
            each.join(0.05)


def is_over(task: Task) -> bool:
    """Whether it has ended."""
    return not task.is_alive()


def dismiss(tasks: Sequence[Task], seconds: float) -> None:
    """Wait for the end of these, which were told; one that does not end by then is left behind."""
    until = monotonic() + seconds
    for each in tasks:
        each.join(max(0.0, until - monotonic()))


def perform(render: Render, job: Any) -> Outcome:
    """What came of the render, whatever it did."""
    try:
        return finished(render(job))
    except BaseException as error:
        return failure(error)


@contextmanager
def signals_heard(asked: Asked) -> Generator[bool]:
    """SIGTERM and SIGINT ask the worker to end, where they can be heard: whether they can."""
    if threading.current_thread() is not threading.main_thread():
        yield False
        return

    def heard(_number: int, _frame: object) -> None:
        asked.ask()

    before = {each: signal.signal(each, heard) for each in _SIGNALS}
    try:
        yield True
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


@contextmanager
def substituted(substitute: Substitute) -> Generator[Callable[[], bool]]:
    """By nobody: heartbeats have a thread already."""
    del substitute
    yield lambda: False


def undisturbed(what: Callable[[], None], asked: Asked) -> None:
    """Do this: nobody cancels a thread."""
    del asked
    what()
