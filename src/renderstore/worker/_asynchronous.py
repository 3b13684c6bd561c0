"""The worker for asyncio: the same as the one for threads, with tasks for slots.

A render that should stop is cancelled. `job.reason` says why.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql

from renderstore import aio
from renderstore._scope.dial import delays
from renderstore.errors import Conflict, Error, LeaseLost, PoolExhausted, Unreachable
from renderstore.render.jobs import Job as RenderJob
from renderstore.store import AsyncScope, AsyncStore
from renderstore.work import JobKind
from renderstore.worker._job import (
    DONE,
    Failed,
    Finished,
    HeldJob,
    Holdings,
    Outcome,
    Output,
    Reason,
    Stopped,
    clean,
    dropped,
    failure,
    log,
    trouble,
)
from renderstore.worker._settings import WorkerSettings, jittered

T = TypeVar("T")

PASSING = (Unreachable, PoolExhausted, Conflict, psycopg.OperationalError)
LAST_SECONDS = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SECOND = timedelta(seconds=1)


class AsyncJob(HeldJob):
    """What `await render(job)` gets."""

    def __init__(
        self,
        user_id: UUID,
        id: UUID,
        attempt: int,
        kind: JobKind,
        scope: AsyncScope,
        news: asyncio.Event,
    ) -> None:
        super().__init__(user_id, id, attempt, kind)
        self.task: asyncio.Task[Outcome] | None = None
        self._scope = scope
        self._news = news
        self._spec: RenderJob | None = None

    def _interrupt(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def spec(self) -> RenderJob:
        """What a render job is to do; asked of the database once."""
        if self._spec is None:
            found = await self._scope.run(aio.render.jobs.find_by_id, id=self.id)
            if found is None:
                raise LookupError(f"{self!r} is gone.")
            self._spec = found
        return self._spec

    def progress(self, percent: int) -> None:
        """Say how far it is, 0 to 100; sent with the next heartbeat, at most once a second."""
        self.percent = max(0, min(100, percent))
        self._news.set()

    async def log(self, text: str) -> None:
        """Append to the job's log, up to 1 MiB at once."""
        try:
            await self._scope.run(
                aio.work.logs.append,
                user_id=self.user_id,
                job_id=self.id,
                attempt=self.attempt,
                chunk=clean(text),
            )
        except LeaseLost:
            self.stop(Reason.LOST)


AsyncRender = Callable[[AsyncJob], Awaitable[Iterable[Output] | None]]


async def arun_worker(
    store: AsyncStore,
    name: str,
    render: AsyncRender,
    *,
    kinds: Sequence[JobKind] = (JobKind.RENDER,),
    labels: Sequence[str] = (),
    version: str | None = None,
    concurrency: int = 1,
    batch: int = 1,
    lease: float = 60.0,
    grace: float = 30.0,
    poll: float = 1.0,
    sweep_every: float = 10.0,
    listen: bool = True,
    stop_when_empty: bool = False,
    stop: asyncio.Event | None = None,
) -> None:
    """run_worker for asyncio; cancelling it shuts down in order too."""
    settings = WorkerSettings(
        kinds=kinds,
        labels=labels,
        version=version,
        concurrency=concurrency,
        batch=batch,
        lease=lease,
        grace=grace,
        poll=poll,
        sweep_every=sweep_every,
        listen=listen,
        stop_when_empty=stop_when_empty,
    )
    await _AsyncWorker(store, name, render, settings, stop or asyncio.Event()).run()


class _AsyncWorker:
    def __init__(
        self,
        store: AsyncStore,
        name: str,
        render: AsyncRender,
        settings: WorkerSettings,
        stop: asyncio.Event,
    ) -> None:
        self.store, self.name, self.render = store, name, render
        self.settings = settings
        self.scope = store.worker(name)
        self.holdings = Holdings()
        self.stop = stop
        self.is_ending = False
        self.signalled = asyncio.Event()
        self.failed = asyncio.Event()
        self.hurry = asyncio.Event()  # a second signal: wait for nothing
        self.news = asyncio.Event()
        self.scouting = asyncio.Lock()
        self.is_waiting = False
        self.woken = asyncio.Event()
        self.is_listening = False

    # Life

    async def run(self) -> None:
        await self.persist(
            lambda: self.scope.run(
                aio.work.workers.register,
                kinds=self.settings.kind_list,
                labels=list(self.settings.labels),
                version=self.settings.version,
            )
        )
        slots = [
            asyncio.create_task(self.guarded(self.serve()))
            for _ in range(self.settings.concurrency)
        ]
        helpers = [asyncio.create_task(self.guarded(self.keep()))]
        if self.settings.listen and not self.store.settings.pooler:
            helpers.append(asyncio.create_task(self.guarded(self.listen())))
        asked = [
            asyncio.create_task(each.wait())
            for each in (self.stop, self.signalled, self.failed)
        ]
        over: list[asyncio.Future[Any]] = [*asked, asyncio.gather(*slots)]
        async with self.signals_heard():
            try:
                await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.is_ending = True
                self.woken.set()
                # A cancellation of the worker waits for this, as a signal does.
                await asyncio.shield(self.end(slots))
                for each in (*helpers, *over):
                    each.cancel()
                said = await asyncio.gather(*helpers, *over, return_exceptions=True)
        with suppress(*PASSING):
            await self.scope.run(aio.work.workers.stop)
        for error in said:
            if isinstance(error, Exception):
                raise error

    def is_asked(self) -> bool:
        return self.is_ending or self.stop.is_set() or self.signalled.is_set()

    async def guarded(self, what: Awaitable[None]) -> None:
        try:
            await what
        except Exception:
            self.failed.set()
            raise

    @asynccontextmanager
    async def signals_heard(self) -> AsyncGenerator[None]:
        loop = asyncio.get_running_loop()

        def heard() -> None:
            if self.signalled.is_set():
                self.hurry.set()
            self.signalled.set()

        heard_ones: list[signal.Signals] = []
        # Only the main thread's loop hears signals.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for each in _SIGNALS:
                loop.add_signal_handler(each, heard)
                heard_ones.append(each)
        try:
            yield
        finally:
            for each in heard_ones:
                loop.remove_signal_handler(each)

    async def end(self, slots: Sequence[asyncio.Task[None]]) -> None:
        """What runs may end; then it is cancelled; then its job is given back."""
        # Slots only wait for jobs or for renders: who waits for jobs has heard.
        hurry = asyncio.create_task(self.hurry.wait())
        ended = asyncio.create_task(asyncio.wait(slots))
        over: list[asyncio.Future[Any]] = [ended, hurry]
        await asyncio.wait(
            over, timeout=self.settings.grace, return_when=asyncio.FIRST_COMPLETED
        )
        for job in self.holdings.all():
            job.stop(Reason.SHUTDOWN)
        await asyncio.wait([ended], timeout=LAST_SECONDS)
        hurry.cancel()
        ended.cancel()
        for job in self.holdings.all():
            if job.take_report():
                log.warning("%r does not stop: it is given back and fenced.", job)
                with suppress(*PASSING):
                    await self.tell(job, Stopped(Reason.SHUTDOWN))
        for slot in slots:
            slot.cancel()

    async def persist(self, what: Callable[[], Awaitable[T]]) -> T:
        """What it gives, however long the database is away; cancelled at the worker's end."""
        for delay in delays():
            try:
                return await what()
            except PASSING as error:
                log.warning("%s tries again: %s", self.name, error)
            await asyncio.sleep(delay)
        raise AssertionError  # delays never end

    # Slots

    async def serve(self) -> None:
        claimed: list[AsyncJob] = []
        while claimed or not self.is_asked():
            jobs, claimed = claimed or await self.look(), []
            if not jobs:
                return
            finished: list[AsyncJob] = []
            for job in jobs:
                outcome = job.judge(await self.attempt(job))
                if outcome == DONE:
                    finished.append(job)
                else:
                    await self.report(job, outcome)
            if finished:
                claimed = await self.finish(finished)

    async def attempt(self, job: AsyncJob) -> Outcome:
        if self.is_asked():
            return Stopped(Reason.SHUTDOWN)
        if job.reason is not None:  # it was told so while others of its batch ran
            return Stopped(job.reason)
        job.task = asyncio.create_task(self.run_render(job))
        try:
            return await job.task
        except asyncio.CancelledError:
            # The worker's own cancellation leaves the render without a reason.
            if job.reason is None:
                job.task.cancel()
                raise
            return Stopped(job.reason)

    async def run_render(self, job: AsyncJob) -> Outcome:
        try:
            return Finished(tuple(await self.render(job) or ()))
        except Exception as error:
            log.info("%r failed: %s", job, error)
            return failure(error)

    def hold(self, user_id: UUID, id: UUID, attempt: int, kind: JobKind) -> AsyncJob:
        job = AsyncJob(user_id, id, attempt, kind, self.scope, self.news)
        self.holdings.add(job)
        return job

    async def report(self, job: AsyncJob, outcome: Outcome) -> None:
        try:
            if job.take_report():
                await self.persist(lambda: self.tell(job, outcome))
        except (Error, psycopg.Error) as error:
            # What was reported breaks a rule of its table: that is the job's failure, not the worker's.
            refused = Failed("invalid", clean(str(error)), None)
            await self.persist(lambda: self.tell(job, refused))
        finally:
            self.holdings.remove(job)

    async def tell(self, job: HeldJob, outcome: Outcome) -> None:
        user_id, job_id, attempt = job.user_id, job.id, job.attempt
        run = self.scope.run
        jobs = aio.work.jobs
        try:
            match outcome:
                case Finished(outputs):
                    # A list for PostgreSQL may hold nulls; the typed function does not say so.
                    await run(
                        aio.render.jobs.finish,
                        user_id=user_id,
                        id=job_id,
                        attempt=attempt,
                        paths=[each.path for each in outputs],
                        sizes_bytes=cast(
                            "list[int]", [each.size_bytes for each in outputs]
                        ),
                        media_types=cast(
                            "list[str]", [each.media_type for each in outputs]
                        ),
                    )
                case Failed(error_class, message, exit_code):
                    await run(
                        jobs.fail,
                        user_id=user_id,
                        id=job_id,
                        attempt=attempt,
                        error_class=error_class,
                        error_message=message,
                        exit_code=exit_code,
                    )
                case Stopped(Reason.CANCELLED):
                    await run(jobs.stop, user_id=user_id, id=job_id, attempt=attempt)
                case Stopped(Reason.SHUTDOWN):
                    await run(jobs.release, user_id=user_id, id=job_id, attempt=attempt)
                case Stopped():
                    dropped(job)
        except LeaseLost:
            dropped(job)

    async def finish(self, jobs: Sequence[AsyncJob]) -> list[AsyncJob]:
        """Report these ends and take as many jobs as a claim takes, in one statement."""
        mine = [job for job in jobs if job.take_report()]
        limit = 0 if self.is_asked() else self.settings.batch
        rows = await self.persist(
            lambda: self.scope.run(
                aio.work.jobs.finish_and_claim,
                user_ids=[job.user_id for job in mine],
                ids=[job.id for job in mine],
                attempts=[job.attempt for job in mine],
                limit=limit,
                kinds=self.settings.kind_list,
                lease=self.settings.lease_interval,
            )
        )
        refused = {row.id for row in rows if row.is_refused}
        for job in jobs:
            self.holdings.remove(job)
            if job.id in refused:
                dropped(job)
        return [
            self.hold(row.user_id, row.id, row.attempt, row.kind)
            for row in rows
            if not row.is_refused and row.kind is not None
        ]

    # Looking for jobs

    async def look(self) -> list[AsyncJob]:
        """The next jobs, when there are any; none when the worker stops."""
        async with self.scouting:
            while not self.is_asked():
                found = await self.persist(self.claim)
                if not found and self.settings.stop_when_empty:
                    break
                if not found and self.is_listening:
                    found = await self.wait_to_be_woken()
                elif not found:
                    await self.sleep(jittered(self.settings.poll))
                if found:
                    return found
        return []

    async def claim(self) -> list[AsyncJob]:
        rows = await self.scope.run(
            aio.work.jobs.claim,
            limit=self.settings.batch,
            kinds=self.settings.kind_list,
            lease=self.settings.lease_interval,
        )
        return [self.hold(row.user_id, row.id, row.attempt, row.kind) for row in rows]

    async def wait_to_be_woken(self) -> list[AsyncJob]:
        """Say that this worker waits, and look again until nobody can have missed that."""
        self.is_waiting = True
        self.woken.clear()
        found: list[AsyncJob] = []
        try:
            await self.scope.run(
                aio.work.waits.begin,
                kinds=self.settings.kind_list,
                patience=2 * self.settings.fallback * _SECOND,
            )
            horizon = await self.scope.run(aio.work.waits.get_horizon)
            woken = False
            for delay in delays():
                # Asked before the claim, which then sees all that was put in line unannounced.
                settled = await self.scope.run(
                    aio.work.waits.is_settled, horizon=horizon
                )
                found = await self.claim()
                if found or self.is_asked():
                    break
                nap = jittered(self.settings.fallback) if settled else delay
                woken = await self.sleep(nap)
                if woken or settled:
                    found = await self.claim()
                    break
            if found:
                await self.scope.run(aio.work.waits.end)
        except PASSING as error:
            log.warning("%s tries again: %s", self.name, error)
        finally:
            self.is_waiting = False
        # Who was woken and already had found something lets another worker look.
        if self.woken.is_set() and found:
            await self.pass_on()
        return found

    async def sleep(self, seconds: float) -> bool:
        """Whether it was woken before the time was over; that is then spent."""
        woken = False
        with suppress(TimeoutError):
            woken = await asyncio.wait_for(self.woken.wait(), seconds)
        self.woken.clear()
        return woken

    async def pass_on(self) -> None:
        try:
            await self.scope.run(aio.work.waits.pass_on)
        except PASSING as error:
            log.warning("%s passes no wake-up on: %s", self.name, error)

    # Helpers

    async def listen(self) -> None:
        channel = await self.persist(lambda: self.scope.run(aio.work.waits.get_channel))
        backoff = delays()
        while True:
            try:
                async with await AsyncConnection.connect(
                    self.store.settings.url, connect_timeout=10, autocommit=True
                ) as conn:
                    for each in (channel, "renderstore_wake"):
                        await conn.execute(
                            sql.SQL("listen {}").format(sql.Identifier(each))
                        )
                    self.is_listening = True
                    self.woken.set()
                    backoff = delays()
                    async for _ in conn.notifies():
                        self.woken.set()
                        if not self.is_waiting:
                            await self.pass_on()
            except psycopg.Error as error:
                log.warning("%s polls until it can listen: %s", self.name, error)
            finally:
                self.is_listening = False
            await asyncio.sleep(next(backoff))

    async def keep(self) -> None:
        """Heartbeats for all that is held, in one statement; now and then a sweep."""
        every = min(self.settings.beat_every, self.settings.sweep_every)
        sweep_at = monotonic() + jittered(self.settings.sweep_every)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), jittered(every) * 0.8)
            self.news.clear()
            try:
                await self.beat()
                if monotonic() >= sweep_at:
                    trouble(await self.scope.run(aio.work.sweep))
                    await self.pass_on()
                    sweep_at = monotonic() + jittered(self.settings.sweep_every)
            except PASSING as error:
                log.warning("%s could not report: %s", self.name, error)
            await asyncio.sleep(min(1.0, every / 2))

    async def beat(self) -> None:
        held = self.holdings.all()
        async with self.store.worker(self.name) as conn:
            await aio.work.workers.see(conn)
            answers = await aio.work.jobs.heartbeat_many(
                conn,
                user_ids=[job.user_id for job in held],
                ids=[job.id for job in held],
                attempts=[job.attempt for job in held],
                progresses=[job.percent for job in held],
                lease=self.settings.lease_interval,
            )
        Holdings.hear(held, answers)
