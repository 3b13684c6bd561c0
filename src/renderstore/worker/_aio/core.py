"""The worker. A slot claims, renders and reports; an end and the next claim are one statement.

Beside the slots, each with a connection and a timeout of its own so that none waits for another:
heartbeats for all that is held, the sweep, and the ear for wake-ups. Of the idle slots one looks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql

from renderstore._scope.aio.colour import Event, Lock, Waker, pause, together
from renderstore._scope.aio.ear import ear_url, heard
from renderstore._scope.aio.farms import AsyncFarmStore
from renderstore._scope.aio.store import AsyncScope, AsyncStore
from renderstore._scope.dial import delays
from renderstore._scope.farms import impatient
from renderstore.aio import work
from renderstore.aio.work import jobs, waits, workers
from renderstore.errors import (
    Error,
    LeaseLost,
    NotFound,
    StoreClosed,
    Unreachable,
    WorkerReplaced,
    WorkerUnknown,
)
from renderstore.work import JobKind
from renderstore.work.area import SweepRow
from renderstore.work.workers import Worker as Registration
from renderstore.worker._aio.colour import (
    HELD_UP,
    Asked,
    Bell,
    Task,
    check,
    dismiss,
    is_over,
    over,
    perform,
    signals_heard,
    start,
    substituted,
    undisturbed,
)
from renderstore.worker._aio.job import AsyncJob, AsyncRender
from renderstore.worker._aio.kinds import KINDS
from renderstore.worker._aio.turns import NO_TURNS, AsyncTurns, AsyncTurnsOfSlots
from renderstore.worker._job import (
    HeldJob,
    Holdings,
    counted,
    dropped,
    duration,
    log,
    trouble,
)
from renderstore.worker._outcomes import (
    DONE,
    Failed,
    Finished,
    Outcome,
    Reason,
    Stopped,
    said,
)
from renderstore.worker._reach import PASSING, Reach
from renderstore.worker._settings import WorkerSettings, check_name, jittered
from renderstore.worker._substitute import Substitute

T = TypeVar("T")

LAST_SECONDS = 5.0
"""How long a render that was told to stop may take before its job is given back over its head."""

_FIRST_SECONDS = 5.0
"""A server that does not answer by then is away."""
_REPORT_SECONDS = 30.0
_FARM_SECONDS = 5.0
"""Of several farms one that hangs keeps a slot from the others for so long."""
_SWEEP_SECONDS = 60.0
_EAR_SECONDS = 60.0
_BEFORE_COMPLAINING = 2
_SECOND = timedelta(seconds=1)


async def arun_worker(
    store: AsyncStore | AsyncFarmStore,
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
    stop: Event | None = None,
) -> None:
    """Run jobs until SIGTERM, SIGINT or `stop`; WorkerSettings explains the arguments, docs/workers.md the rest.

    `render` returns the files that it made, or None; raises RenderFailed, or anything, when the job
    failed; and ends soon when it should stop: of asyncio it is cancelled, in a thread it looks at
    `job.should_stop`. `job.reason` says why. What it does or returns ends neither the worker nor another job.
    With asyncio it must not keep the loop from going on: a thread sends the heartbeats then, and all else waits (docs/workers.md).

    What cannot be at the beginning (a setting, the server, a migration, a grant) is raised at once; a server
    that goes away later is waited for. WorkerReplaced when another worker takes the name over. With
    asyncio a cancellation asks for the same end in order, and a second one hurries.

    Of a store over farms it takes from all in turn, as many at once as of one, each farm's in its own order.
    A farm that is away, at the beginning too, is a line in the log, and the others go on; that none answers is raised.
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
    check_name(name)
    check(store, render, stop)
    asked = Asked(stop)
    if isinstance(store, AsyncFarmStore):
        await undisturbed(AsyncCrew(store, name, render, settings, asked).run, asked)
    else:
        await undisturbed(AsyncWorker(store, name, render, settings, asked).run, asked)


class AsyncCrew:
    """One run of a worker over farms: a worker on each, all of which share the slots."""

    def __init__(
        self,
        store: AsyncFarmStore,
        name: str,
        render: AsyncRender,
        settings: WorkerSettings,
        asked: Asked,
    ) -> None:
        turns = AsyncTurns(settings.concurrency)
        self.asked = asked
        self.workers = [
            AsyncWorker(
                # Its own, that gives a farm up soon which is away.
                AsyncStore(impatient(each.settings, each.settings.pool_size)),
                name,
                render,
                settings,
                asked,
                number,
                turns,
            )
            for number, each in store.farms.items()
        ]

    async def run(self) -> None:
        """Work on all, until the last has ended; raises what the first to fail has raised."""
        await self.find_one()
        with signals_heard(self.asked):
            tasks = [start(each.run_among_others, each.label) for each in self.workers]
            await over(tasks, None, self.asked, _NEVER)
        for each in self.workers:
            await each.store.close()
        for each in self.workers:
            if each.error is not None:
                raise each.error

    async def find_one(self) -> None:
        """Raise why, where no farm answers: there is nobody to work for, and a slip in the addresses likelier."""
        found = await together(
            [partial(each.store.reach, seconds=_FIRST_SECONDS) for each in self.workers]
        )
        if all(isinstance(each, Unreachable) for each in found):
            raise Unreachable(f"No farm answers. {' '.join(map(str, found))}")


class AsyncWorker:
    """One run of a worker on one database: the only one, or a farm among several."""

    def __init__(
        self,
        store: AsyncStore,
        name: str,
        render: AsyncRender,
        settings: WorkerSettings,
        asked: Asked,
        farm_id: int | None = None,
        turns: AsyncTurns | None = None,
    ) -> None:
        self.store, self.name, self.render = store, name, render
        self.is_one_of_several = farm_id is not None
        self.label = name if farm_id is None else f"{name} at farm {farm_id}"
        self.turns = NO_TURNS if turns is None else AsyncTurnsOfSlots(turns)
        self.settings = settings
        self.asked = asked
        self.scope = store.worker(name)  # what renders ask for
        self.holdings = Holdings()
        self.reach = Reach(self.label)
        self.closed = Event()  # no report is tried again any more
        self.error: Exception | None = None
        self.is_replaced = False
        self.news = Bell()
        self.waits = Waits()
        self.waker = Waker()
        self.scouting = Lock()
        self.registering = Lock()
        self.is_listening = False
        self.rendering: dict[int, AsyncJob] = {}
        """What the slots render at the moment, by their numbers."""

    # Life

    async def run(self) -> None:
        """Register, work, end."""
        registered = await self.enter()
        self.registered_at = registered.registered_at
        await self.run_registered()
        if self.error is not None:
            raise self.error

    async def run_among_others(self) -> None:
        """The same on one of several farms, which may be away at the beginning. An error ends the work on all."""
        await self.guarded(self.join)

    async def join(self) -> None:
        """Register once that can be, work, end."""
        try:
            registered = await self.persist("register", self.enter, self.is_asked)
        except PASSING:
            return
        self.registered_at = registered.registered_at
        await self.run_registered()

    async def run_registered(self) -> None:
        """Work, end."""
        size = min(self.settings.concurrency, self.store.settings.pool_size)
        beating = max(1.0, min(10.0, self.settings.beat_every))
        reporting = _FARM_SECONDS if self.is_one_of_several else _REPORT_SECONDS
        # Known by now: whether a pooler stands between.
        desk = self.store.bounded(size=size, seconds=reporting)
        heart = self.store.bounded(size=1, seconds=beating)
        broom = self.store.bounded(size=1, seconds=_SWEEP_SECONDS)
        self.desk, self.heart, self.broom = (
            each.worker(self.name) for each in (desk, heart, broom)
        )
        substitute = Substitute(
            self.label,
            self.name,
            heart.settings,
            self.settings,
            self.holdings,
            self.reach,
        )
        async with desk, heart, broom, substituted(substitute) as self.is_substituted:
            await self.work()
            if not self.is_replaced:
                try:
                    await self.desk.run(workers.stop)
                except PASSING as error:
                    log.warning("%s ends without saying so: %s", self.label, error)
        log.info("%s has stopped.", self.label)

    async def work(self) -> None:
        """Until somebody asks it to end, and what ran has ended."""
        if self.is_one_of_several:  # all hear the same signals
            await self.work_until_asked(are_heard=True)
            return
        with signals_heard(self.asked) as are_heard:
            await self.work_until_asked(are_heard)

    async def work_until_asked(self, are_heard: bool) -> None:
        """The slots and their helpers."""
        self.greet(are_heard)
        slots = [
            start(
                partial(self.guarded, partial(self.serve, number)),
                f"{self.label} slot {number + 1}",
            )
            for number in range(self.settings.concurrency)
        ]
        helpers = [
            start(partial(self.guarded, self.keep_alive), f"{self.label} heart"),
            start(partial(self.guarded, self.keep_swept), f"{self.label} broom"),
        ]
        if self.settings.listen and not self.store.is_pooled:
            helpers.append(
                start(partial(self.guarded, self.listen), f"{self.label} ear")
            )
        await over(slots, None, self.asked, 0)
        self.waits.ring()
        if self.is_asked():
            await self.turns.close()
        await self.end(slots, are_heard)
        await self.hear_last(slots)
        self.closed.set()
        self.news.ring()
        self.waker.ring()
        await dismiss([*slots, *helpers], LAST_SECONDS)

    def greet(self, are_signals_heard: bool) -> None:
        """Say for whom it works, now that it does."""
        settings = self.settings
        where = self.store.settings
        log.info(
            "%s works on %s at %s: %s at once of the kind %s, %s.%s",
            self.label,
            where.dbname,
            where.host or "the local socket",
            counted(settings.concurrency, "job"),
            ", ".join(settings.kinds),
            f"offering {', '.join(settings.labels)}"
            if settings.labels
            else "offering no label",
            " Ctrl-C ends it when what runs has ended." if are_signals_heard else "",
        )

    async def guarded(self, what: Callable[[], Awaitable[None]]) -> None:
        """A task that fails ends the worker, which raises why."""
        try:
            await what()
        except StoreClosed as error:
            # Who was left behind meets closed pools.
            if not self.closed.is_set():
                self.fail(error)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End, and raise this."""
        if self.error is None:
            self.error = error
        self.asked.ask()

    async def end(self, slots: Sequence[Task], are_signals_heard: bool) -> None:
        """What runs may end; then it is told to; then its job is given back."""
        running = self.holdings.all()
        if running:
            log.info(
                "%s ends when what runs has ended: it waits for %s, %s at most.%s",
                self.label,
                counted(len(running), "job"),
                duration(self.settings.grace),
                " A second Ctrl-C gives back at once." if are_signals_heard else "",
            )
        await over(slots, self.settings.grace, self.asked, 1)
        running = self.holdings.all()
        if running:
            log.info(
                "%s waits no longer: %s should stop, and is given back in %s.",
                self.label,
                counted(len(running), "job"),
                duration(LAST_SECONDS),
            )
        for job in running:
            job.stop(Reason.SHUTDOWN)
        await over(slots, LAST_SECONDS, self.asked, _NEVER)
        for job in self.holdings.all():
            if job.take_report():
                log.warning("%r does not stop: it is given back and fenced.", job)
                try:
                    await self.tell(job, Stopped(Reason.SHUTDOWN))
                except PASSING as error:
                    _keeps_its_lease(job, error)

    async def hear_last(self, slots: Sequence[Task]) -> None:
        """Wait for what slots ask of the database: a claim that nobody hears keeps its job for a lease."""
        quiet = [
            slot for number, slot in enumerate(slots) if number not in self.rendering
        ]
        until = monotonic() + _REPORT_SECONDS
        while (
            quiet := [each for each in quiet if not is_over(each)]
        ) and not self.reach.is_away:
            if monotonic() >= until:
                return
            await over(quiet, 0.1, self.asked, _NEVER)

    async def persist(
        self,
        what: str,
        act: Callable[[], Awaitable[T]],
        is_over: Callable[[], bool],
        number: int | None = None,
    ) -> T:
        """What it gives, however long the database is away; raises why not once that is over.

        The slot of this number leaves its turn to other farms where it has to wait.
        """
        for delay in delays():
            try:
                found = await act()
            except WorkerUnknown:
                await self.check_registration()
            except PASSING as error:
                self.reach.failed(what, error)
                if number is not None:
                    await self.turns.leave(number)
                if is_over():
                    raise
            else:
                self.reach.answered()
                return found
            await pause(self.closed, delay)
        raise AssertionError  # delays never end

    def is_asked(self) -> bool:
        """Whether no job is begun any more."""
        return self.asked.times > 0

    async def enter(self) -> Registration:
        """Register for the first time; who does not answer is known at once."""
        await self.store.reach(seconds=_FIRST_SECONDS)
        return await self.register(self.scope)

    async def register(self, scope: AsyncScope) -> Registration:
        """Say what it takes and offers."""
        return await scope.run(
            workers.register,
            kinds=self.settings.kind_list,
            labels=list(self.settings.labels),
            version=self.settings.version,
        )

    async def check_registration(self) -> None:
        """Whether the name is still this worker's: registers again where somebody deleted that, ends where another took it."""
        async with self.registering:
            if self.is_replaced:
                return
            try:
                found = await self.heart.run(workers.get, name=self.name)
            except NotFound:
                log.warning(
                    "%s: somebody deleted its registration; it registers again.",
                    self.name,
                )
                found = await self.register(self.heart)
                self.registered_at = found.registered_at
            except PASSING as why:
                # A report may have come back as the server went: the heart asks again.
                self.reach.failed("ask for its registration", why)
                return
            if found.registered_at == self.registered_at:
                return
            self.is_replaced = True
        error = WorkerReplaced(
            f"Another worker took the name {self.name} over at {found.registered_at:%Y-%m-%d %H:%M:%S %Z}:"
            " this one ends, and what it reports on the jobs that it held is refused."
            " Give each worker a name of its own."
        )
        log.error("%s", error)
        for job in self.holdings.all():
            job.stop(Reason.LOST)
        self.fail(error)

    # Slots

    async def serve(self, number: int) -> None:
        """Job after job."""
        claimed: list[AsyncJob] = []
        while claimed or not self.is_asked():
            taken, claimed = claimed or await self.look(number), []
            if not taken:
                return
            done: list[AsyncJob] = []
            for job in taken:
                outcome = job.judge(await self.attempt(number, job))
                if outcome == DONE:
                    done.append(job)
                else:
                    await self.report(number, job, outcome)
            if done:
                claimed = await self.finish(number, done)
            if not claimed:
                await self.turns.leave(number)

    async def attempt(self, number: int, job: AsyncJob) -> Outcome:
        """What came of a run."""
        if self.is_asked():
            return Stopped(Reason.SHUTDOWN)
        if job.reason is not None:  # it was told so while others of its batch ran
            return Stopped(job.reason)
        log.info("%r begins.", job)
        began = monotonic()
        self.rendering[number] = job
        outcome = await perform(self.render, job)
        del self.rendering[number]
        took = monotonic() - began
        match outcome:
            case Finished(outputs):
                files = f", with {counted(len(outputs), 'file')}" if outputs else ""
                log.info("%r is rendered after %s%s.", job, duration(took), files)
            case Failed(message=message) if job.reason is None:
                log.error("%r failed after %s: %s", job, duration(took), message)
            case _:
                log.info("%r stopped after %s.", job, duration(took))
        return outcome

    def hold(self, user_id: UUID, id: UUID, attempt: int, kind: JobKind) -> AsyncJob:
        """From now on it is kept alive."""
        job = AsyncJob(user_id, id, attempt, kind, self.scope, self.news)
        self.holdings.add(job)
        log.info("%s took %r, a %s.", self.name, job, kind)
        return job

    async def report(self, number: int, job: AsyncJob, outcome: Outcome) -> None:
        """Say how it ended, for as long as it takes. No outcome ends the worker."""
        try:
            if job.take_report():
                await self.report_once(number, job, outcome)
        except PASSING as error:
            _keeps_its_lease(job, error)
        except Exception as error:
            log.exception("%r: how it ended cannot be reported.", job)
            _keeps_its_lease(job, error)
        finally:
            self.holdings.remove(job)

    async def report_once(self, number: int, job: AsyncJob, outcome: Outcome) -> None:
        try:
            await self.persist(
                "report", partial(self.tell, job, outcome), self.closed.is_set, number
            )
        except PASSING:
            raise
        except Exception as error:
            # What was reported breaks a rule of its table: that is the job's failure, not the worker's.
            log.error("%r: its end is refused, so it failed: %s", job, said(error))
            refused = Failed("invalid", said(error), None)
            await self.persist(
                "report", partial(self.tell, job, refused), self.closed.is_set, number
            )

    async def tell(self, job: HeldJob, outcome: Outcome) -> None:
        """Report an end that is not plainly done."""
        keys = {"user_id": job.user_id, "id": job.id}
        attempt = job.attempt
        try:
            match outcome:
                case Finished(outputs):
                    await KINDS[job.kind].finish(self.desk, job, outputs)
                    log.info("%r is done.", job)
                case Failed(error_class, message, exit_code):
                    became = await self.desk.run(
                        jobs.fail,
                        **keys,
                        attempt=attempt,
                        error_class=error_class,
                        error_message=message,
                        exit_code=exit_code,
                    )
                    log.info("%r is %s now.", job, became)
                case Stopped(Reason.CANCELLED):
                    await self.desk.run(jobs.stop, **keys, attempt=attempt)
                    log.info("%r is cancelled.", job)
                case Stopped(Reason.SHUTDOWN):
                    await self.desk.run(jobs.release, **keys, attempt=attempt)
                    log.info("%r is given back.", job)
                case Stopped():
                    dropped(job)
        except LeaseLost:
            dropped(job)
            await self.check_registration()

    async def finish(self, number: int, done: Sequence[AsyncJob]) -> list[AsyncJob]:
        """Report these ends and take as many jobs as a claim takes, in one statement; none where it is another farm's turn."""
        mine = [job for job in done if job.take_report()]
        try:
            rows = await self.persist(
                "report",
                lambda: self.desk.run(
                    jobs.finish_and_claim,
                    user_ids=[job.user_id for job in mine],
                    ids=[job.id for job in mine],
                    attempts=[job.attempt for job in mine],
                    limit=self.settings.batch
                    if self.turns.goes_on(number) and not self.is_asked()
                    else 0,
                    kinds=None,
                    lease=self.settings.lease_interval,
                ),
                self.closed.is_set,
                number,
            )
        except PASSING as error:
            for job in mine:
                _keeps_its_lease(job, error)
            return []
        finally:
            for job in done:
                self.holdings.remove(job)
        refused = {row.id for row in rows if row.is_refused}
        for job in mine:
            if job.id in refused:
                dropped(job)
            else:
                log.info("%r is done.", job)
        if refused:
            await self.check_registration()
        return [
            self.hold(row.user_id, row.id, row.attempt, row.kind)
            for row in rows
            if not row.is_refused and row.kind is not None
        ]

    # Looking for jobs

    async def look(self, number: int) -> list[AsyncJob]:
        """The next jobs, when there are any; none when the worker ends."""
        claim = partial(self.claim, number)
        async with self.scouting:
            while not self.is_asked():
                try:
                    found = await self.persist("claim", claim, self.is_asked)
                except PASSING:
                    break
                if not found and self.settings.stop_when_empty:
                    if not await self.is_more_in_line():
                        break
                elif not found and self.is_listening:
                    found = await self.wait_to_be_woken(number)
                elif not found:
                    await self.waits.sleep(jittered(self.settings.poll))
                if found:
                    return found
        return []

    async def claim(self, number: int, *, is_waiting: bool = False) -> list[AsyncJob]:
        """As many as a claim takes. It names no kinds, so that a worker whose registration is gone hears of that."""
        if self.is_one_of_several and self.reach.is_away:
            # Without a turn: who is away keeps it from nobody.
            await self.desk.run(waits.get_horizon)
        if not await self.turns.take(number):
            return []
        found: list[AsyncJob] = []
        try:
            rows = await self.desk.run(
                jobs.claim_and_stop_waiting if is_waiting else jobs.claim,
                limit=self.settings.batch,
                kinds=None,
                lease=self.settings.lease_interval,
            )
            found = [
                self.hold(row.user_id, row.id, row.attempt, row.kind) for row in rows
            ]
        finally:
            if not found:
                await self.turns.leave(number)
        return found

    async def is_more_in_line(self) -> bool:
        """Whether a claim that found nothing has passed something over; then a sweep has lifted what that can."""
        ask = partial(self.desk.run, waits.is_anything_in_line)
        try:
            is_more = await self.persist("ask for jobs", ask, self.is_asked)
        except PASSING:
            return False
        # Whoever has it locked, a claim of another worker or a sweep, has it for a moment.
        if is_more and not await self.sweep():
            await self.waits.sleep(jittered(self.settings.poll))
        return is_more

    async def wait_to_be_woken(self, number: int) -> list[AsyncJob]:
        """Say that this worker waits, and look again until nobody can have missed that."""
        self.waits.begin()
        found: list[AsyncJob] = []
        woken = False
        try:
            await self.desk.run(
                waits.begin,
                kinds=None,
                patience=2 * self.settings.fallback * _SECOND,
            )
            horizon = await self.desk.run(waits.get_horizon)
            for delay in delays():
                # Asked before the claim, which then sees all that was put in line unannounced.
                settled = await self.desk.run(waits.is_settled, horizon=horizon)
                found = await self.claim(number, is_waiting=True)
                if found or self.is_asked():
                    break
                nap = jittered(self.settings.fallback) if settled else delay
                woken = await self.waits.sleep(nap)
                if self.is_asked():
                    break
                if woken and not self.turns.is_free:
                    # Other farms' jobs have all slots: somebody else may begin at once.
                    await self.pass_on()
                    break
                if woken or settled:
                    found = await self.claim(number, is_waiting=True)
                    break
            self.reach.answered()
        except WorkerUnknown:
            await self.check_registration()
        except PASSING as error:
            self.reach.failed("wait for jobs", error)
        finally:
            is_woken = self.waits.end()
        # Who was woken and has something already, or ends, lets another worker look.
        if (is_woken and found) or (woken and self.is_asked()):
            await self.pass_on()
        return found

    async def pass_on(self) -> None:
        """Wake somebody else."""
        try:
            await self.desk.run(waits.pass_on)
        except PASSING as error:
            self.reach.failed("pass a wake-up on", error)

    # Helpers

    async def listen(self) -> None:
        """Hear wake-ups; poll where that cannot be."""
        channel = await self.persist(
            "ask for its channel",
            lambda: self.heart.run(waits.get_channel),
            self.closed.is_set,
        )
        url = ear_url(self.store.settings)
        backoff = delays()
        failures = 0
        while not self.closed.is_set():
            try:
                async with await AsyncConnection.connect(url, autocommit=True) as conn:
                    for each in (channel, "renderstore_wake"):
                        await conn.execute(
                            sql.SQL("listen {}").format(sql.Identifier(each))
                        )
                    self.is_listening = True
                    self.reach.answered()
                    self.waits.ring()
                    backoff, failures = delays(), 0
                    while not self.closed.is_set():
                        for _ in await heard(conn, self.waker, _EAR_SECONDS):
                            if not self.waits.ring():
                                await self.pass_on()
            except psycopg.Error as error:
                failures += 1
                # Until it can listen, the worker polls.
                if failures == _BEFORE_COMPLAINING:
                    self.reach.failed("listen", error)
            finally:
                self.is_listening = False
            self.waits.ring()
            await pause(self.closed, next(backoff))

    async def keep_alive(self) -> None:
        """A heartbeat for all that is held, and whether the name is still its own."""
        every = self.settings.beat_every
        check_at = monotonic() + every
        rest = 0.0
        while not self.closed.is_set():
            nap, running = jittered(every) * 0.8, list(self.rendering.values())
            due = monotonic() + rest + nap
            await pause(self.closed, rest)
            await self.news.wait(nap)
            self.news.clear()
            if self.closed.is_set():
                return
            if not self.is_substituted():
                self.complain_of_delay(monotonic() - due, running)
            try:
                is_lost = await self.beat()
                if is_lost or monotonic() >= check_at:
                    await self.check_registration()
                    await self.heart.run(workers.see)
                    check_at = monotonic() + every * 0.5
                self.reach.answered()
            except PASSING as error:
                self.reach.failed("send a heartbeat", error)
            rest = min(1.0, every / 2)

    def complain_of_delay(self, seconds: float, ran: Sequence[AsyncJob]) -> None:
        """A heartbeat that comes so late endangers the leases of all that is held: say whose fault that may be."""
        if seconds < self.settings.beat_every:
            return
        # What began meanwhile, and what ended.
        suspects = dict.fromkeys([*ran, *self.rendering.values()])
        log.warning(
            "%s: a heartbeat comes %s late, since %s. A job whose lease of %s runs out goes to somebody else. Rendering: %s.",
            self.label,
            duration(seconds),
            HELD_UP,
            duration(self.settings.lease),
            ", ".join(map(repr, suspects)) or "nothing",
        )

    async def beat(self) -> bool:
        """Whether a job was lost."""
        held = self.holdings.all()
        if not held:
            return False
        answers = await self.heart.run(
            jobs.heartbeat_many,
            **Holdings.told(held),
            lease=self.settings.lease_interval,
        )
        return Holdings.hear(held, answers)

    async def keep_swept(self) -> None:
        """Now and then what time asks of the queue."""
        while not self.closed.is_set():
            await pause(self.closed, jittered(self.settings.sweep_every))
            if self.closed.is_set():
                return
            await self.sweep()

    async def sweep(self) -> bool:
        """Once; whether there was something to do."""
        swept: list[SweepRow] = []
        try:
            swept = await self.broom.run(work.sweep)
            trouble(swept)
            await self.broom.run(waits.pass_on)
            self.reach.answered()
        except PASSING as error:
            self.reach.failed("sweep", error)
        except Error as error:
            log.error("%s could not sweep: %s", self.label, error)
        return any(part.jobs for part in swept)


class Waits:
    """Whether a slot waits for a wake-up. A wake-up that finds none waiting is for somebody else."""

    def __init__(self) -> None:
        self._is_waiting = False
        self._woken = Bell()

    def begin(self) -> None:
        """A slot waits. In this order: what rings in between finds it not waiting, and is passed on."""
        self._woken.clear()
        self._is_waiting = True

    def ring(self) -> bool:
        """Wake the slot that waits; whether one does."""
        self._woken.ring()
        return self._is_waiting

    def end(self) -> bool:
        """No slot waits any more; whether it was woken."""
        self._is_waiting = False
        return self._woken.is_rung()

    async def sleep(self, seconds: float) -> bool:
        """Whether it was woken before the time was over; that is then spent."""
        woken = await self._woken.wait(seconds)
        self._woken.clear()
        return woken


_NEVER = 1_000_000


def _keeps_its_lease(job: HeldJob, error: Exception) -> None:
    log.warning("%r keeps its lease until that runs out: %s", job, said(error))
