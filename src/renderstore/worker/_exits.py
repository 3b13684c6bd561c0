"""What asks for the end of the program, in a task that a render starts, is that task's failure.

SystemExit and KeyboardInterrupt are the two that asyncio lets out of the loop, whoever awaits the task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, cast

_EXITS = (SystemExit, KeyboardInterrupt)


class TaskExited(Exception):  # noqa: N818
    """A task that a render started asked for the end of the program; its cause is how."""


class Run:
    """A render that runs, and those of its tasks that asked for the end of the program."""

    def __init__(self) -> None:
        self._exited: list[tuple[asyncio.Task[Any] | None, BaseException]] = []

    def begin(self) -> None:
        """What the task that runs now starts from here on is this render's."""
        _RUN.set(self)

    def note(self, error: BaseException) -> None:
        """The task that runs now ends with this."""
        self._exited.append((asyncio.current_task(), error))

    def unheard(self) -> BaseException | None:
        """What ended the first task whose end nobody asked for: its render returns as if it went well."""
        for task, error in self._exited:
            # asyncio's own mark, by which it says "exception was never retrieved"; there is no public one.
            if task is not None and getattr(task, "_log_traceback", False):
                task.exception()  # the job says it now
                return error
        return None


_RUN: ContextVar[Run] = ContextVar("renderstore_run")


def meant(error: BaseException) -> BaseException:
    """The exit behind what a render raised for it: of a group too, as asyncio.TaskGroup raises an exit bare."""
    if isinstance(error, TaskExited):
        return error.__cause__ or error
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for each in group.exceptions:
            if (ended := meant(each)) is not each:
                return ended
        return group
    return error


class _Contained(Coroutine[Any, Any, Any]):
    """A coroutine of a render's task. Around it, not awaiting it: a task that is cancelled early closes it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], run: Run) -> None:
        self._coroutine, self._run = coroutine, run

    def __getattr__(self, name: str) -> Any:
        # Its name, frame and state, for whoever looks at the task.
        return getattr(self._coroutine, name)

    def send(self, value: Any) -> Any:
        # Its context may be one that somebody made.
        self._run.begin()
        try:
            return self._coroutine.send(value)
        except _EXITS as error:
            raise self._exited(error) from error

    def throw(
        self,
        kind: Any,
        value: Any = None,
        at: TracebackType | None = None,
    ) -> Any:
        try:
            # With three arguments it is deprecated; asyncio gives the exception alone.
            return self._coroutine.throw(kind if value is None else value)
        except _EXITS as error:
            raise self._exited(error) from error

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def _exited(self, error: BaseException) -> TaskExited:
        self._run.note(error)
        return TaskExited(f"a render's task ended with {type(error).__name__}")


class _Factory(Protocol):
    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        coro: Any,
        /,
        **options: Any,
    ) -> asyncio.Future[Any]: ...


class _Containing:
    """Makes tasks, for the loop or as the factory that was there does."""

    def __init__(self, before: _Factory | None) -> None:
        self.before = before
        self.workers = 0

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coro: Any, /, **options: Any
    ) -> asyncio.Future[Any]:
        run = _RUN.get(None)
        if run is not None and _is_coroutine(coro):
            coro = _Contained(coro, run)
        if self.before is not None:
            return self.before(loop, coro, **options)
        return asyncio.Task(coro, loop=loop, **options)


@contextmanager
def contained() -> Generator[None]:
    """For so long the loop's task factory contains what renders start. Workers on one loop share it."""
    loop = asyncio.get_running_loop()
    factory = _containing(loop.get_task_factory())
    loop.set_task_factory(factory)
    factory.workers += 1
    try:
        yield
    finally:
        factory.workers -= 1
        # Who built another one on it meanwhile keeps it; it does nothing for who is no render's.
        if not factory.workers and loop.get_task_factory() is factory:
            loop.set_task_factory(factory.before)


def _containing(before: Any) -> _Containing:
    return before if isinstance(before, _Containing) else _Containing(before)


def _is_coroutine(given: object) -> bool:
    return isinstance(given, Coroutine)
