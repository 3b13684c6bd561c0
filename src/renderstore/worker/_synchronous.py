"""The worker for threads: each slot claims, renders and reports on its own.

A slot reports an end and takes the next job in one statement. Beside the slots, the keeper sends
heartbeats for all and sweeps; the listener hears wake-ups. Of the idle slots one looks for jobs.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import sql

from renderstore import render as rendering
from renderstore import work
from renderstore._scope.dial import delays
from renderstore.errors import Conflict, Error, LeaseLost, PoolExhausted, Unreachable
from renderstore.render.jobs import Job as RenderJob
from renderstore.store import SyncScope, SyncStore
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
"""What a worker outlives: it tries again."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SECOND = timedelta(seconds=1)

LAST_SECONDS = 5.0
"""How long a render that was told to stop may take before its job is given back over its head."""


class Job(HeldJob):
    """What `render(job)` gets."""

    def __init__(
        self,
        user_id: UUID,
        id: UUID,
        attempt: int,
        kind: JobKind,
        scope: SyncScope,
        news: threading.Event,
    ) -> None:
        super().__init__(user_id, id, attempt, kind)
        self._should_stop: threading.Event | None = None
        self._scope = scope
        self._news = news
        self._spec: RenderJob | None = None

    @property
    def should_stop(self) -> threading.Event:
        """Set when the render should end: look at it, or wait on it. Then `reason` says why."""
        # Made when it is asked for: most renders of a batch never do, and it costs more than the rest of a job.
        with self._lock:
            if self._should_stop is None:
                self._should_stop = threading.Event()
                if self.reason is not None:
                    self._should_stop.set()
            return self._should_stop

    def _interrupt(self) -> None:
        self.should_stop.set()

    def spec(self) -> RenderJob:
        """What a render job is to do; asked of the database once."""
        if self._spec is None:
            found = self._scope.run(rendering.jobs.find_by_id, id=self.id)
            if found is None:
                raise LookupError(f"{self!r} is gone.")
            self._spec = found
        return self._spec

    def progress(self, percent: int) -> None:
        """Say how far it is, 0 to 100; sent with the next heartbeat, at most once a second."""
        self.percent = max(0, min(100, percent))
        self._news.set()

    def log(self, text: str) -> None:
        """Append to the job's log, up to 1 MiB at once."""
        try:
            self._scope.run(
                work.logs.append,
                user_id=self.user_id,
                job_id=self.id,
                attempt=self.attempt,
                chunk=clean(text),
            )
        except LeaseLost:
            self.stop(Reason.LOST)


Render = Callable[[Job], Iterable[Output] | None]


def run_worker(
    store: SyncStore,
    name: str,
    render: Render,
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
    stop: threading.Event | None = None,
) -> None:
    """Run jobs until SIGTERM, SIGINT or `stop`; WorkerSettings explains the arguments.

    `render` returns the files that it made, or None; raises RenderFailed, or anything, when the
    job failed; and ends soon once job.should_stop is set.
    """
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
    _Worker(store, name, render, settings, stop or threading.Event()).run()


class _Worker:
    def __init__(
        self,
        store: SyncStore,
        name: str,
        render: Render,
        settings: WorkerSettings,
        stop: threading.Event,
    ) -> None:
        self.store, self.name, self.render = store, name, render
        self.settings = settings
        self.scope = store.worker(name)
        self.holdings = Holdings()
        self.stop = stop
        self.stopping = threading.Event()  # no job is begun any more
        self.closed = threading.Event()  # no report is tried again any more
        self.signals = 0
        self.error: BaseException | None = None
        self.news = threading.Event()
        self.scouting = threading.Lock()
        self.waits = _Waits()
        self.listening = threading.Event()

    # Life

    def run(self) -> None:
        self.persist(
            lambda: self.scope.run(
                work.workers.register,
                kinds=self.settings.kind_list,
                labels=list(self.settings.labels),
                version=self.settings.version,
            ),
            until=self.stop,
        )
        slots = [self.start(self.serve) for _ in range(self.settings.concurrency)]
        helpers = [self.start(self.keep)]
        if self.settings.listen and not self.store.settings.pooler:
            helpers.append(self.start(self.listen))
        with self.signals_heard():
            self.join(slots, math.inf, self.is_asked)
            self.stopping.set()
            self.waits.wake()
            self.end(slots)
        self.closed.set()
        self.news.set()
        for each in helpers:
            each.join(LAST_SECONDS)
        try:
            self.scope.run(work.workers.stop)
        except PASSING as error:
            log.warning("%s ends without saying so: %s", self.name, error)
        if self.error is not None:
            raise self.error

    def is_asked(self) -> bool:
        return self.signals > 0 or self.stop.is_set() or self.stopping.is_set()

    def start(self, what: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                what()
            except BaseException as error:
                self.error = self.error or error
                self.stopping.set()

        thread = threading.Thread(
            target=guarded, name=f"{self.name} {what.__name__}", daemon=True
        )
        thread.start()
        return thread

    @contextmanager
    def signals_heard(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        # A handler must not take a lock that this thread may hold: it counts.
        def heard(_number: int, _frame: object) -> None:
            self.signals += 1

        before = {each: signal.signal(each, heard) for each in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def end(self, slots: Sequence[threading.Thread]) -> None:
        """What runs may end; then it is told to; then its job is given back."""
        told = max(self.signals, 1)
        self.join(slots, self.settings.grace, lambda: self.signals > told)
        for job in self.holdings.all():
            job.stop(Reason.SHUTDOWN)
        self.join(slots, LAST_SECONDS, lambda: False)
        for job in self.holdings.all():
            if job.take_report():
                log.warning("%r does not stop: it is given back and fenced.", job)
                try:
                    self.tell(job, Stopped(Reason.SHUTDOWN))
                except PASSING as error:
                    log.warning("%r keeps its lease until it runs out: %s", job, error)

    @staticmethod
    def join(
        slots: Sequence[threading.Thread], seconds: float, is_enough: Callable[[], bool]
    ) -> None:
        until = monotonic() + seconds
        for slot in slots:
            while slot.is_alive() and monotonic() < until and not is_enough():
                slot.join(0.05)

    def persist(self, what: Callable[[], T], until: threading.Event) -> T:
        """What it gives, however long the database is away; raises why not once `until` is set."""
        for delay in delays():
            try:
                return what()
            except PASSING as error:
                if until.is_set():
                    raise
                log.warning("%s tries again: %s", self.name, error)
            until.wait(delay)
        raise AssertionError  # delays never end

    # Slots

    def serve(self) -> None:
        claimed: list[Job] = []
        while claimed or not self.is_asked():
            jobs, claimed = claimed or self.look(), []
            if not jobs:
                return
            finished: list[Job] = []
            for job in jobs:
                outcome = job.judge(self.attempt(job))
                if outcome == DONE:
                    finished.append(job)
                else:
                    self.report(job, outcome)
            if finished:
                claimed = self.finish(finished)

    def attempt(self, job: Job) -> Outcome:
        if self.is_asked():
            return Stopped(Reason.SHUTDOWN)
        if job.reason is not None:  # it was told so while others of its batch ran
            return Stopped(job.reason)
        try:
            return Finished(tuple(self.render(job) or ()))
        except Exception as error:
            log.info("%r failed: %s", job, error)
            return failure(error)

    def hold(self, user_id: UUID, id: UUID, attempt: int, kind: JobKind) -> Job:
        job = Job(user_id, id, attempt, kind, self.scope, self.news)
        self.holdings.add(job)
        return job

    def report(self, job: Job, outcome: Outcome) -> None:
        try:
            if job.take_report():
                self.persist(lambda: self.tell(job, outcome), until=self.closed)
        except (Error, psycopg.Error) as error:
            if isinstance(error, PASSING):
                raise
            # What was reported breaks a rule of its table: that is the job's failure, not the worker's.
            refused = Failed("invalid", clean(str(error)), None)
            self.persist(lambda: self.tell(job, refused), until=self.closed)
        finally:
            self.holdings.remove(job)

    def tell(self, job: HeldJob, outcome: Outcome) -> None:
        user_id, job_id, attempt = job.user_id, job.id, job.attempt
        run = self.scope.run
        try:
            match outcome:
                case Finished(outputs):
                    # A list for PostgreSQL may hold nulls; the typed function does not say so.
                    run(
                        rendering.jobs.finish,
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
                    run(
                        work.jobs.fail,
                        user_id=user_id,
                        id=job_id,
                        attempt=attempt,
                        error_class=error_class,
                        error_message=message,
                        exit_code=exit_code,
                    )
                case Stopped(Reason.CANCELLED):
                    run(work.jobs.stop, user_id=user_id, id=job_id, attempt=attempt)
                case Stopped(Reason.SHUTDOWN):
                    run(work.jobs.release, user_id=user_id, id=job_id, attempt=attempt)
                case Stopped():
                    dropped(job)
        except LeaseLost:
            dropped(job)

    def finish(self, jobs: Sequence[Job]) -> list[Job]:
        """Report these ends and take as many jobs as a claim takes, in one statement."""
        mine = [job for job in jobs if job.take_report()]
        limit = 0 if self.is_asked() else self.settings.batch
        rows = self.persist(
            lambda: self.scope.run(
                work.jobs.finish_and_claim,
                user_ids=[job.user_id for job in mine],
                ids=[job.id for job in mine],
                attempts=[job.attempt for job in mine],
                limit=limit,
                kinds=self.settings.kind_list,
                lease=self.settings.lease_interval,
            ),
            until=self.closed,
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

    def look(self) -> list[Job]:
        """The next jobs, when there are any; none when the worker stops."""
        with self.scouting:
            while not self.is_asked():
                found = self.persist(self.claim, until=self.stopping)
                if not found and self.settings.stop_when_empty:
                    break
                if not found and self.listening.is_set():
                    found = self.wait_to_be_woken()
                elif not found:
                    self.waits.sleep(jittered(self.settings.poll))
                if found:
                    return found
        return []

    def claim(self) -> list[Job]:
        rows = self.scope.run(
            work.jobs.claim,
            limit=self.settings.batch,
            kinds=self.settings.kind_list,
            lease=self.settings.lease_interval,
        )
        return [self.hold(row.user_id, row.id, row.attempt, row.kind) for row in rows]

    def wait_to_be_woken(self) -> list[Job]:
        """Say that this worker waits, and look again until nobody can have missed that."""
        self.waits.begin()
        found: list[Job] = []
        try:
            self.scope.run(
                work.waits.begin,
                kinds=self.settings.kind_list,
                patience=2 * self.settings.fallback * _SECOND,
            )
            horizon = self.scope.run(work.waits.get_horizon)
            woken = False
            for delay in delays():
                # Asked before the claim, which then sees all that was put in line unannounced.
                settled = self.scope.run(work.waits.is_settled, horizon=horizon)
                found = self.claim()
                if found or self.is_asked():
                    break
                nap = jittered(self.settings.fallback) if settled else delay
                woken = self.waits.sleep(nap)
                if woken or settled:
                    found = self.claim()
                    break
            if found:
                self.scope.run(work.waits.end)
        except PASSING as error:
            log.warning("%s tries again: %s", self.name, error)
        finally:
            # Who was woken and already had found something lets another worker look.
            if self.waits.end() and found:
                self.pass_on()
        return found

    def pass_on(self) -> None:
        try:
            self.scope.run(work.waits.pass_on)
        except PASSING as error:
            log.warning("%s passes no wake-up on: %s", self.name, error)

    # Helpers

    def listen(self) -> None:
        channel = self.persist(
            lambda: self.scope.run(work.waits.get_channel), until=self.stopping
        )
        backoff = delays()
        while not self.closed.is_set():
            try:
                with psycopg.connect(
                    self.store.settings.url, connect_timeout=10, autocommit=True
                ) as conn:
                    for each in (channel, "renderstore_wake"):
                        conn.execute(sql.SQL("listen {}").format(sql.Identifier(each)))
                    self.listening.set()
                    self.waits.wake()
                    backoff = delays()
                    while not self.closed.is_set():
                        for _ in conn.notifies(timeout=0.5, stop_after=1):
                            if not self.waits.wake():
                                self.pass_on()
            except psycopg.Error as error:
                self.listening.clear()
                if not self.closed.is_set():
                    log.warning("%s polls until it can listen: %s", self.name, error)
            self.closed.wait(next(backoff))

    def keep(self) -> None:
        """Heartbeats for all that is held, in one statement; now and then a sweep."""
        every = min(self.settings.beat_every, self.settings.sweep_every)
        sweep_at = monotonic() + jittered(self.settings.sweep_every)
        while not self.closed.is_set():
            self.news.wait(jittered(every) * 0.8)
            self.news.clear()
            try:
                self.beat()
                if monotonic() >= sweep_at:
                    trouble(self.scope.run(work.sweep))
                    self.pass_on()
                    sweep_at = monotonic() + jittered(self.settings.sweep_every)
            except PASSING as error:
                log.warning("%s could not report: %s", self.name, error)
            self.closed.wait(min(1.0, every / 2))

    def beat(self) -> None:
        held = self.holdings.all()
        with self.store.worker(self.name) as conn:
            work.workers.see(conn)
            answers = work.jobs.heartbeat_many(
                conn,
                user_ids=[job.user_id for job in held],
                ids=[job.id for job in held],
                attempts=[job.attempt for job in held],
                progresses=[job.percent for job in held],
                lease=self.settings.lease_interval,
            )
        Holdings.hear(held, answers)


class _Waits:
    """Whether a slot waits for a wake-up. A wake-up that finds none waiting is for somebody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_waiting = False
        self._woken = threading.Event()

    def begin(self) -> None:
        with self._lock:
            self._is_waiting = True
            self._woken.clear()

    def wake(self) -> bool:
        """Wake the slot that waits; whether one does."""
        with self._lock:
            self._woken.set()
            return self._is_waiting

    def end(self) -> bool:
        """No slot waits any more; whether it was woken."""
        with self._lock:
            self._is_waiting = False
            return self._woken.is_set()

    def sleep(self, seconds: float) -> bool:
        """Whether it was woken before the time was over; that is then spent."""
        woken = self._woken.wait(seconds)
        self._woken.clear()
        return woken
