"""A worker renders what is queued, reports, hears of cancellation, and ends in order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests import factories
from tests.worker.aio.colour import (
    Event,
    drain,
    eventually,
    happened,
    never,
    told_to_stop,
    wait,
    working,
)
from tests.worker.support import (
    TROUBLE,
    count,
    job,
    spoil_sweep,
    submit,
    user,
)

from renderstore._scope.aio.store import AsyncScope
from renderstore.aio.work import jobs, logs
from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.worker import AsyncJob, Output, Reason, RenderFailed


async def nothing(_: AsyncJob) -> None:
    """A render that takes no time."""


async def test_a_worker_renders_what_is_queued(database: Database) -> None:
    ids = submit(database, user(database), 20)
    seen: list[UUID] = []

    async def render(job: AsyncJob) -> None:
        assert (await job.spec()).output_path == "/renders/a.mov"
        seen.append(job.id)

    await drain(database, render, concurrency=3)
    assert sorted(seen) == ids
    assert count(database, "completed") == 20


async def test_a_batch_is_rendered_once_each(database: Database) -> None:
    ids = submit(database, user(database), 25)
    seen: list[UUID] = []

    async def render(job: AsyncJob) -> None:
        seen.append(job.id)

    await drain(database, render, batch=10)
    assert sorted(seen) == ids
    assert count(database, "completed") == 25


async def test_files_arrive_with_the_finish(database: Database) -> None:
    [one] = submit(database, user(database))

    async def render(_: AsyncJob) -> list[Output]:
        return [Output(path="/renders/a.mov", size_bytes=7), Output(path="/renders/b")]

    await drain(database, render)
    assert job(database, one)["status"] == "completed"
    assert factories.look(
        database, "select path, size_bytes from render.outputs order by path"
    ) == [("/renders/a.mov", 7), ("/renders/b", None)]


async def test_a_failure_says_why(database: Database) -> None:
    submit(database, user(database), 4)
    failures: list[Exception] = [
        RenderFailed("no such comp", error_class="invalid", exit_code=4294967295),
        TimeoutError("too slow"),
        ValueError("odd\x00byte"),
        OSError("disk"),
    ]

    async def render(_: AsyncJob) -> None:
        raise failures.pop()

    await drain(database, render)
    found = factories.look(
        database,
        "select error_class, split_part(error_message, e'\\n', 1), exit_code"
        " from work.jobs order by error_class",
    )
    assert found == [
        ("invalid", "no such comp", 4294967295),
        ("storage", "OSError: disk", None),
        ("timeout", "TimeoutError: too slow", None),
        ("unknown", "ValueError: odd\ufffdbyte", None),
    ]


async def test_a_report_that_breaks_a_rule_fails_the_job_and_not_the_worker(
    database: Database,
) -> None:
    first, second = submit(database, user(database), 2)

    async def render(job: AsyncJob) -> list[Output]:
        return [Output(path="no/absolute/path")] if job.id == first else []

    await drain(database, render)
    assert job(database, first)["status"] == "failed"
    assert job(database, first)["error_class"] == "invalid"
    assert "absolute" in job(database, first)["error_message"]
    assert job(database, second)["status"] == "completed"


async def test_a_cancellation_reaches_the_render(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    began, reasons = Event(), list[Reason | None]()

    async def render(job: AsyncJob) -> None:
        began.set()
        reasons.append(await told_to_stop(job))

    async with (
        working(database, render, lease=1.0, sweep_every=60),
        aconnect(database.url) as store,
    ):
        await happened(began)
        await store.user(owner).run(jobs.cancel, id=one, reason="a typo")
        await eventually(lambda: job(database, one)["status"] == "cancelled")
    assert reasons == [Reason.CANCELLED]


async def test_progress_and_log_reach_the_owner(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    done = Event()

    async def render(job: AsyncJob) -> None:
        job.progress(40.7)
        await job.log("frame 1\n")
        await job.log("frame 2\n")
        await happened(done)

    async with working(database, render, lease=60), aconnect(database.url) as store:
        await eventually(lambda: job(database, one)["progress"] == 40)
        said = ""
        while said != "frame 1\nframe 2\n":
            await wait(0.02)
            found = await store.user(owner).run(logs.get_text, job_id=one)
            said = found or ""
        done.set()


async def test_a_lease_is_kept_for_as_long_as_the_render_lasts(
    database: Database,
) -> None:
    [one] = submit(database, user(database))

    async def render(job: AsyncJob) -> None:
        await wait(4)
        assert job.reason is None

    await drain(database, render, lease=1.5, sweep_every=0.2)
    assert job(database, one)["attempt"] == 1
    assert job(database, one)["status"] == "completed"


async def test_a_result_without_the_lease_is_dropped(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))
    stolen = Event()

    async def render(_: AsyncJob) -> None:
        if not stolen.is_set():
            factories.look(
                database, "select work.end_run(j, 'lost', 'lost') from work.jobs as j"
            )
            stolen.set()
            raise RenderFailed("this must not be seen")

    await drain(database, render)
    assert job(database, one)["status"] == "completed"
    assert job(database, one)["attempt"] == 2
    assert job(database, one)["failures"] == 0
    assert "the result is dropped" in caplog.text


async def test_a_shutdown_lets_what_runs_finish(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    began, end = Event(), Event()

    async def render(_: AsyncJob) -> None:
        began.set()
        await happened(end)

    async with working(database, render) as stop:
        await happened(began)
        stop.set()
        end.set()
    assert job(database, first)["status"] == "completed"
    assert job(database, second)["status"] == "queued"
    assert factories.look(
        database, "select stopped_at is not null from work.workers"
    ) == [(True,)]


async def test_a_shutdown_gives_back_what_does_not_end_in_time(
    database: Database,
) -> None:
    ids = submit(database, user(database), 3)
    began = Event()
    reasons: list[Reason | None] = []

    async def render(job: AsyncJob) -> None:
        began.set()
        reasons.append(await told_to_stop(job))

    async with working(database, render, grace=0.1, batch=3) as stop:
        await happened(began)
        stop.set()
    assert reasons == [Reason.SHUTDOWN]
    for each in ids:
        found = job(database, each)
        assert (found["status"], found["failures"], found["lost_leases"]) == (
            "queued",
            0,
            0,
        )


async def test_a_shutdown_gives_back_the_job_of_a_render_that_hears_nobody(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("renderstore.worker._aio.core.LAST_SECONDS", 0.2)
    [one] = submit(database, user(database))
    began = Event()

    async def render(job: AsyncJob) -> None:
        began.set()
        await never(job)

    async with working(database, render, grace=0.1) as stop:
        await happened(began)
        stop.set()
    assert job(database, one)["status"] == "queued"
    assert "does not stop: it is given back and fenced" in caplog.text


async def test_a_shutdown_gives_back_what_a_late_answer_brings(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.worker._aio.core.LAST_SECONDS", 0.1)
    claimed = Event()
    run = AsyncScope.run

    async def late(scope: AsyncScope, act: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = await run(scope, act, *args, **kwargs)
        if act is jobs.claim and found:
            claimed.set()
            await wait(1)
        return found

    monkeypatch.setattr(AsyncScope, "run", late)
    [one] = submit(database, user(database))
    async with working(database, nothing, grace=0.1) as stop:
        await happened(claimed)
        stop.set()
    assert job(database, one)["status"] == "queued"


async def test_two_workers_never_hold_one_job(database: Database) -> None:
    ids = submit(database, user(database), 300)
    seen: list[tuple[UUID, int]] = []

    async def render(job: AsyncJob) -> None:
        seen.append((job.id, job.attempt))

    async with (
        working(database, render, name="a", concurrency=3),
        working(database, render, name="b", concurrency=3, batch=5),
    ):
        await eventually(lambda: count(database, "completed") == len(ids))
    assert sorted(seen) == [(each, 1) for each in ids]
    assert factories.look(database, "select problem from work.problems()") == []


async def test_a_worker_takes_only_what_it_offers(database: Database) -> None:
    owner = user(database)
    [gpu] = submit(database, owner, labels=["gpu"])
    [plain] = submit(database, owner)
    await drain(database, nothing)
    assert job(database, gpu)["status"] == "queued"
    assert job(database, plain)["status"] == "completed"


async def test_a_worker_sweeps(database: Database) -> None:
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    async with working(database, nothing, sweep_every=0.2):
        await eventually(lambda: job(database, one)["status"] == "completed")


async def test_a_worker_says_what_a_sweep_could_not_do(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_sweep(database)
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    async with working(database, nothing, sweep_every=0.2):
        await eventually(lambda: TROUBLE in caplog.text)
        await eventually(lambda: job(database, one)["status"] == "completed")
