"""What a worker of asyncio does in its own way. With its twin for threads the only module written twice."""

from __future__ import annotations

import asyncio
import inspect
import signal
from asyncio import Event, Lock
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from renderstore._scope.aio.farms import AsyncFarmStore
from renderstore._scope.aio.store import AsyncStore
from renderstore.errors import Misconfigured
from renderstore.worker._exits import Run, contained, meant
from renderstore.worker._job import HeldJob
from renderstore.worker._outcomes import (
    Failed,
    Outcome,
    Output,
    Reason,
    Stopped,
    failure,
    finished,
)
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

Task = asyncio.Task[None]

HELD_UP = "something kept the event loop from going on"
"""Why a heartbeat is late."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class HeldTask(HeldJob):
    """A job whose render is a task: it is cancelled when it should stop."""

    task: asyncio.Task[Outcome] | None = None

    def _interrupt(self) -> None:
        if self.task is not None:
            _on_loop(self.task.get_loop(), self.task.cancel)


Render = Callable[[Any], Awaitable[Iterable[Output] | None]]


def _on_loop(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    """Do it in the thread of this loop: at once where that is this one."""
    try:
        is_here = asyncio.get_running_loop() is loop
    except RuntimeError:
        is_here = False
    if is_here:
        act()
    else:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(act)


def check(store: object, render: object, stop: object) -> None:
    """What a caller may mix up."""
    if not isinstance(store, AsyncStore | AsyncFarmStore):
        raise Misconfigured(
            f"arun_worker takes a store of aconnect(), not {store!r}; run_worker takes one of connect()."
        )
    if not callable(render):
        raise Misconfigured(f"The render is a function of one job, not {render!r}.")
    if stop is not None and not isinstance(stop, Event):
        raise Misconfigured(f"stop is an asyncio.Event, not {stop!r}.")


class Bell:
    """Wakes one task. Whoever rings may be in another thread."""

    def __init__(self) -> None:
        self._event = Event()
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """End the wait, or the next one."""
        _on_loop(self._loop, self._event.set)

    def clear(self) -> None:
        """Forget what rang."""
        self._event.clear()

    def is_rung(self) -> bool:
        """Whether the next wait ends at once."""
        return self._event.is_set()

    async def wait(self, seconds: float) -> bool:
        """Whether it rang before the time was over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        return self._event.is_set()


class Asked:
    """How often somebody asked the worker to end: a signal, a cancellation, its caller's `stop`."""

    def __init__(self, stop: Event | None) -> None:
        self._stop = stop or Event()
        self._count = 0
        self._bell = Event()

    @property
    def times(self) -> int:
        """So often until now."""
        return self._count + self._stop.is_set()

    def ask(self) -> None:
        """Once more."""
        self._count += 1
        self._bell.set()

    async def above(self, times: int) -> None:
        """Until it was asked more often than that."""
        while self.times <= times:
            self._bell.clear()
            waits = [asyncio.create_task(self._bell.wait())]
            if not self._stop.is_set():
                waits.append(asyncio.create_task(self._stop.wait()))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()


def start(what: Callable[[], Coroutine[Any, Any, None]], name: str) -> Task:
    """A task of its own."""
    return asyncio.create_task(what(), name=name)


async def over(
    tasks: Sequence[Task], seconds: float | None, asked: Asked, times: int
) -> None:
    """Until all of these have ended, the time is over, or it was asked more often than that."""
    more = asyncio.create_task(asked.above(times))
    ended = asyncio.create_task(asyncio.wait(tasks))
    try:
        await asyncio.wait(
            [more, ended], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        more.cancel()
        ended.cancel()


def is_over(task: Task) -> bool:
    """Whether it has ended."""
    return task.done()


async def dismiss(tasks: Sequence[Task], seconds: float) -> None:
    """End these; one that does not end by then is left behind."""
    for each in tasks:
        each.cancel()
    await asyncio.wait(tasks, timeout=seconds)


async def perform(render: Render, job: Any) -> Outcome:
    """What came of the render, whatever it did."""
    job.task = task = asyncio.create_task(_guarded(render, job))
    if job.reason is not None:  # from another thread, a moment ago
        task.cancel()
    # Not awaited itself: who cancels the slot does not cancel the render.
    await asyncio.wait([task])
    if task.cancelled():  # before its first step
        return Stopped(job.reason or Reason.SHUTDOWN)
    return task.result()


async def _guarded(render: Render, job: object) -> Outcome:
    run = Run()
    run.begin()
    try:
        made: object = render(job)
        if not inspect.isawaitable(made):
            return Failed(
                "invalid",
                "The render is not a coroutine function: arun_worker awaits it, run_worker calls a plain one.",
                None,
            )
        outcome = finished(await made)
    except BaseException as error:
        # All of them: from a task, SystemExit and KeyboardInterrupt would end the loop.
        return failure(meant(error))
    unheard = run.unheard()
    return outcome if unheard is None else failure(unheard)


@contextmanager
def signals_heard(asked: Asked) -> Generator[bool]:
    """SIGTERM and SIGINT ask the worker to end, where they can be heard: whether they can."""
    loop = asyncio.get_running_loop()
    heard: list[signal.Signals] = []
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    # Only the main thread's loop hears signals.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for each in _SIGNALS:
            loop.add_signal_handler(each, asked.ask)
            heard.append(each)
    try:
        yield bool(heard)
    finally:
        for each in heard:
            loop.remove_signal_handler(each)
            # asyncio.run has one of its own for Ctrl-C.
            signal.signal(each, before[each] or signal.SIG_DFL)


@asynccontextmanager
async def substituted(substitute: Substitute) -> AsyncGenerator[Callable[[], bool]]:
    """It sends the heartbeats while the loop cannot. What this gives says whether it did since that was asked."""

    async def go_on() -> None:
        while True:
            substitute.see()
            await asyncio.sleep(substitute.beat_every / 4)

    substitute.begin()
    going = asyncio.create_task(go_on())
    try:
        yield substitute.has_acted
    finally:
        going.cancel()
        await asyncio.to_thread(substitute.end)


async def undisturbed(
    what: Callable[[], Coroutine[Any, Any, None]], asked: Asked
) -> None:
    """Do this. A cancellation asks it to end, in order, and arrives when it has."""
    cancelled: asyncio.CancelledError | None = None
    with contained():
        task = asyncio.create_task(what())
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
                asked.ask()
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    task.result()
