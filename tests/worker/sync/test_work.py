"""A worker renders what is queued, reports, hears of cancellation, and ends in order.

Generated from tests/worker/aio/test_work.py by `just generate`; do not edit.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests import factories
from tests.worker.support import (
    TROUBLE,
    count,
    job,
    spoil_sweep,
    submit,
    user,
)
from tests.worker.sync.colour import (
    Event,
    drain,
    eventually,
    happened,
    never,
    told_to_stop,
    wait,
    working,
)

from renderstore._scope.sync.store import SyncScope
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.work import jobs, logs
from renderstore.worker import Job, Output, Reason, RenderFailed


def nothing(_: Job) -> None:
    """A render that takes no time."""


def test_a_worker_renders_what_is_queued(database: Database) -> None:
    ids = submit(database, user(database), 20)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        assert job.spec().output_path == "/renders/a.mov"
        seen.append(job.id)

    drain(database, render, concurrency=3)
    assert sorted(seen) == ids
    assert count(database, "completed") == 20


def test_a_batch_is_rendered_once_each(database: Database) -> None:
    ids = submit(database, user(database), 25)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        seen.append(job.id)

    drain(database, render, batch=10)
    assert sorted(seen) == ids
    assert count(database, "completed") == 25


def test_files_arrive_with_the_finish(database: Database) -> None:
    [one] = submit(database, user(database))

    def render(_: Job) -> list[Output]:
        return [Output(path="/renders/a.mov", size_bytes=7), Output(path="/renders/b")]

    drain(database, render)
    assert job(database, one)["status"] == "completed"
    assert factories.look(
        database, "select path, size_bytes from render.outputs order by path"
    ) == [("/renders/a.mov", 7), ("/renders/b", None)]


def test_a_failure_says_why(database: Database) -> None:
    submit(database, user(database), 4)
    failures: list[Exception] = [
        RenderFailed("no such comp", error_class="invalid", exit_code=4294967295),
        TimeoutError("too slow"),
        ValueError("odd\x00byte"),
        OSError("disk"),
    ]

    def render(_: Job) -> None:
        raise failures.pop()

    drain(database, render)
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


def test_a_report_that_breaks_a_rule_fails_the_job_and_not_the_worker(
    database: Database,
) -> None:
    first, second = submit(database, user(database), 2)

    def render(job: Job) -> list[Output]:
        return [Output(path="no/absolute/path")] if job.id == first else []

    drain(database, render)
    assert job(database, first)["status"] == "failed"
    assert job(database, first)["error_class"] == "invalid"
    assert "absolute" in job(database, first)["error_message"]
    assert job(database, second)["status"] == "completed"


def test_a_cancellation_reaches_the_render(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    began, reasons = Event(), list[Reason | None]()

    def render(job: Job) -> None:
        began.set()
        reasons.append(told_to_stop(job))

    with (
        working(database, render, lease=1.0, sweep_every=60),
        connect(database.url) as store,
    ):
        happened(began)
        store.user(owner).run(jobs.cancel, id=one, reason="a typo")
        eventually(lambda: job(database, one)["status"] == "cancelled")
    assert reasons == [Reason.CANCELLED]


def test_progress_and_log_reach_the_owner(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    done = Event()

    def render(job: Job) -> None:
        job.progress(40.7)
        job.log("frame 1\n")
        job.log("frame 2\n")
        happened(done)

    with working(database, render, lease=60), connect(database.url) as store:
        eventually(lambda: job(database, one)["progress"] == 40)
        said = ""
        while said != "frame 1\nframe 2\n":
            wait(0.02)
            found = store.user(owner).run(logs.get_text, job_id=one)
            said = found or ""
        done.set()


def test_a_lease_is_kept_for_as_long_as_the_render_lasts(
    database: Database,
) -> None:
    [one] = submit(database, user(database))

    def render(job: Job) -> None:
        wait(4)
        assert job.reason is None

    drain(database, render, lease=1.5, sweep_every=0.2)
    assert job(database, one)["attempt"] == 1
    assert job(database, one)["status"] == "completed"


def test_a_result_without_the_lease_is_dropped(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))
    stolen = Event()

    def render(_: Job) -> None:
        if not stolen.is_set():
            factories.look(
                database, "select work.end_run(j, 'lost', 'lost') from work.jobs as j"
            )
            stolen.set()
            raise RenderFailed("this must not be seen")

    drain(database, render)
    assert job(database, one)["status"] == "completed"
    assert job(database, one)["attempt"] == 2
    assert job(database, one)["failures"] == 0
    assert "the result is dropped" in caplog.text


def test_a_shutdown_lets_what_runs_finish(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    began, end = Event(), Event()

    def render(_: Job) -> None:
        began.set()
        happened(end)

    with working(database, render) as stop:
        happened(began)
        stop.set()
        end.set()
    assert job(database, first)["status"] == "completed"
    assert job(database, second)["status"] == "queued"
    assert factories.look(
        database, "select stopped_at is not null from work.workers"
    ) == [(True,)]


def test_a_shutdown_gives_back_what_does_not_end_in_time(
    database: Database,
) -> None:
    ids = submit(database, user(database), 3)
    began = Event()
    reasons: list[Reason | None] = []

    def render(job: Job) -> None:
        began.set()
        reasons.append(told_to_stop(job))

    with working(database, render, grace=0.1, batch=3) as stop:
        happened(began)
        stop.set()
    assert reasons == [Reason.SHUTDOWN]
    for each in ids:
        found = job(database, each)
        assert (found["status"], found["failures"], found["lost_leases"]) == (
            "queued",
            0,
            0,
        )


def test_a_shutdown_gives_back_the_job_of_a_render_that_hears_nobody(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("renderstore.worker._sync.core.LAST_SECONDS", 0.2)
    [one] = submit(database, user(database))
    began = Event()

    def render(job: Job) -> None:
        began.set()
        never(job)

    with working(database, render, grace=0.1) as stop:
        happened(began)
        stop.set()
    assert job(database, one)["status"] == "queued"
    assert "does not stop: it is given back and fenced" in caplog.text


def test_a_shutdown_gives_back_what_a_late_answer_brings(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.worker._sync.core.LAST_SECONDS", 0.1)
    claimed = Event()
    run = SyncScope.run

    def late(scope: SyncScope, act: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = run(scope, act, *args, **kwargs)
        if act is jobs.claim and found:
            claimed.set()
            wait(1)
        return found

    monkeypatch.setattr(SyncScope, "run", late)
    [one] = submit(database, user(database))
    with working(database, nothing, grace=0.1) as stop:
        happened(claimed)
        stop.set()
    assert job(database, one)["status"] == "queued"


def test_two_workers_never_hold_one_job(database: Database) -> None:
    ids = submit(database, user(database), 300)
    seen: list[tuple[UUID, int]] = []

    def render(job: Job) -> None:
        seen.append((job.id, job.attempt))

    with (
        working(database, render, name="a", concurrency=3),
        working(database, render, name="b", concurrency=3, batch=5),
    ):
        eventually(lambda: count(database, "completed") == len(ids))
    assert sorted(seen) == [(each, 1) for each in ids]
    assert factories.look(database, "select problem from work.problems()") == []


def test_a_worker_takes_only_what_it_offers(database: Database) -> None:
    owner = user(database)
    [gpu] = submit(database, owner, labels=["gpu"])
    [plain] = submit(database, owner)
    drain(database, nothing)
    assert job(database, gpu)["status"] == "queued"
    assert job(database, plain)["status"] == "completed"


def test_a_worker_sweeps(database: Database) -> None:
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    with working(database, nothing, sweep_every=0.2):
        eventually(lambda: job(database, one)["status"] == "completed")


def test_a_worker_says_what_a_sweep_could_not_do(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_sweep(database)
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    with working(database, nothing, sweep_every=0.2):
        eventually(lambda: TROUBLE in caplog.text)
        eventually(lambda: job(database, one)["status"] == "completed")
