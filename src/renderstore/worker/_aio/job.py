"""What a render gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import overload
from uuid import UUID

from renderstore._scope.aio.colour import sleep
from renderstore._scope.aio.store import AsyncScope
from renderstore._scope.dial import delays
from renderstore.aio.work import logs
from renderstore.errors import LeaseLost
from renderstore.render.jobs import Job as RenderJob
from renderstore.work import JobKind
from renderstore.worker._aio.colour import Bell, HeldTask
from renderstore.worker._aio.kinds import KINDS, S, Spec
from renderstore.worker._job import log, percentage
from renderstore.worker._outcomes import Output, Reason, clean
from renderstore.worker._reach import PASSING

_CHUNK = 250_000
"""Characters of a log that are appended at once: less than 1 MiB in any language."""


class AsyncJob(HeldTask):
    """A job that this worker holds, for the render to read and to report on."""

    def __init__(
        self,
        user_id: UUID,
        id: UUID,
        attempt: int,
        kind: JobKind,
        scope: AsyncScope,
        news: Bell,
    ) -> None:
        super().__init__(user_id, id, attempt, kind)
        self._scope = scope
        self._news = news
        self._spec: Spec | None = None

    @overload
    async def spec(self) -> RenderJob: ...

    @overload
    async def spec(self, of: type[S]) -> S: ...

    async def spec(self, of: type[S] | None = None) -> S | Spec:
        """What the job is to do, as its kind's room says it; asked of the database once.

        Without a class a type checker takes it for a render's. `spec(Step)` is a step's, and refuses a job of another kind.
        A server that is away is waited for, until the job should stop.
        """
        if self._spec is None:
            self._spec = await self._find_spec()
        if of is not None and not isinstance(self._spec, of):
            raise TypeError(
                f"This job is a {self.kind}: it has no {of.__module__}.{of.__name__}."
            )
        return self._spec

    async def _find_spec(self) -> Spec:
        for delay in delays():
            try:
                found = await KINDS[self.kind].find_spec(self._scope, self.id)
            except PASSING:
                if self.reason is not None:
                    raise
            else:
                if found is None:
                    raise LookupError(f"{self!r} is gone.")
                return found
            await sleep(delay)
        raise AssertionError  # delays never end

    def progress(self, percent: float) -> None:
        """Say how far it is, 0 to 100; sent with the next heartbeat, at most once a second."""
        self._percent = percentage(percent)
        self._news.ring()

    async def log(self, text: str) -> None:
        """Append to the job's log. What cannot be kept ends no render."""
        kept = clean(text)
        try:
            for begin in range(0, len(kept), _CHUNK):
                await self._scope.run(
                    logs.append,
                    user_id=self.user_id,
                    job_id=self.id,
                    attempt=self.attempt,
                    chunk=kept[begin : begin + _CHUNK],
                )
        except LeaseLost:
            self.stop(Reason.LOST)
        except PASSING as error:
            log.warning(
                "%r: its log lost up to %d characters: %s", self, len(kept), error
            )


AsyncRender = Callable[[AsyncJob], Awaitable[Iterable[Output] | None]]
