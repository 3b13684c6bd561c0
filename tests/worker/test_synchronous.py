"""The worker for threads."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from uuid import UUID

import pytest
from tests import factories

from renderstore import work
from renderstore.server import Cluster, ServerError, disposable, embedded_binaries
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url, running_server
from renderstore.worker import Job, Output, Reason, RenderFailed, run_worker

from .support import (
    PATIENCE,
    TROUBLE,
    count,
    eventually,
    job,
    process,
    spoil_sweep,
    submit,
    user,
    waits,
    working,
)


def test_a_worker_renders_what_is_queued(database: Database) -> None:
    ids = submit(database, user(database), 20)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        assert job.spec().output_path == "/renders/a.mov"
        seen.append(job.id)

    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True, concurrency=3)
    assert sorted(seen) == ids
    assert count(database, "completed") == 20


def test_a_batch_is_rendered_once_each(database: Database) -> None:
    ids = submit(database, user(database), 25)
    seen: list[UUID] = []
    with connect(database.url) as store:
        run_worker(
            store, "w", lambda job: seen.append(job.id), batch=10, stop_when_empty=True
        )
    assert sorted(seen) == ids
    assert count(database, "completed") == 25


def test_files_arrive_with_the_finish(database: Database) -> None:
    [one] = submit(database, user(database))

    def render(_: Job) -> list[Output]:
        return [Output(path="/renders/a.mov", size_bytes=7), Output(path="/renders/b")]

    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True)
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

    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True)
    assert factories.look(
        database,
        "select error_class, error_message, exit_code from work.jobs order by error_class",
    ) == [
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

    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True)
    assert job(database, first)["status"] == "failed"
    assert job(database, first)["error_class"] == "invalid"
    assert "absolute" in job(database, first)["error_message"]
    assert job(database, second)["status"] == "completed"


def test_a_cancellation_reaches_the_render(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    began, reasons = threading.Event(), list[Reason | None]()

    def render(job: Job) -> None:
        began.set()
        assert job.should_stop.wait(PATIENCE)
        reasons.append(job.reason)

    with (
        working(database, render, lease=1.0, sweep_every=60),
        connect(database.url) as store,
    ):
        assert began.wait(PATIENCE)
        store.user(owner).run(work.jobs.cancel, id=one, reason="a typo")
        eventually(lambda: job(database, one)["status"] == "cancelled")
    assert reasons == [Reason.CANCELLED]


def test_progress_and_log_reach_the_owner(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    done = threading.Event()

    def render(job: Job) -> None:
        job.progress(40)
        job.log("frame 1\n")
        job.log("frame 2\n")
        assert done.wait(PATIENCE)

    with working(database, render, lease=60), connect(database.url) as store:
        eventually(lambda: job(database, one)["progress"] == 40)
        eventually(
            lambda: (
                store.user(owner).run(work.logs.get_text, job_id=one)
                == "frame 1\nframe 2\n"
            )
        )
        done.set()


def test_a_lease_is_kept_for_as_long_as_the_render_lasts(database: Database) -> None:
    [one] = submit(database, user(database))

    def render(job: Job) -> None:
        assert not job.should_stop.wait(4)

    with connect(database.url) as store:
        run_worker(store, "w", render, lease=1.5, sweep_every=0.2, stop_when_empty=True)
    assert job(database, one)["attempt"] == 1
    assert job(database, one)["status"] == "completed"


def test_a_result_without_the_lease_is_dropped(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))
    stolen = threading.Event()

    def render(job: Job) -> None:
        if not stolen.is_set():
            factories.look(
                database, "select work.end_run(j, 'lost', 'lost') from work.jobs as j"
            )
            stolen.set()
            raise RenderFailed("this must not be seen")

    with connect(database.url) as store:
        run_worker(store, "w", render, stop_when_empty=True)
    assert job(database, one)["status"] == "completed"
    assert job(database, one)["attempt"] == 2
    assert job(database, one)["failures"] == 0
    assert "the result is dropped" in caplog.text


def test_a_shutdown_lets_what_runs_finish(database: Database) -> None:
    first, second = submit(database, user(database), 2)
    began, end = threading.Event(), threading.Event()

    def render(job: Job) -> None:
        began.set()
        assert end.wait(PATIENCE)

    with working(database, render) as stop:
        assert began.wait(PATIENCE)
        stop.set()
        end.set()
    assert job(database, first)["status"] == "completed"
    assert job(database, second)["status"] == "queued"
    assert factories.look(
        database, "select stopped_at is not null from work.workers"
    ) == [(True,)]


def test_a_shutdown_gives_back_what_does_not_end_in_time(database: Database) -> None:
    ids = submit(database, user(database), 3)
    began = threading.Event()

    def render(job: Job) -> None:
        began.set()
        assert job.should_stop.wait(PATIENCE)
        assert job.reason is Reason.SHUTDOWN

    with working(database, render, grace=0.1, batch=3) as stop:
        assert began.wait(PATIENCE)
        stop.set()
    for each in ids:
        found = job(database, each)
        assert (found["status"], found["failures"], found["lost_leases"]) == (
            "queued",
            0,
            0,
        )


def test_sigterm_gives_back_the_job_of_a_render_that_does_not_listen(
    database: Database,
) -> None:
    [one] = submit(database, user(database))
    with process(database, "p", seconds=1000, grace=0.1, lease=1000) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE) == 0
    assert job(database, one)["status"] == "queued"
    assert job(database, one)["lost_leases"] == 0


def test_what_a_killed_worker_held_is_rendered_by_another(database: Database) -> None:
    [one] = submit(database, user(database))
    with process(database, "p", seconds=1000, lease=1) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.kill()
    with working(database, lambda _: None, name="other", sweep_every=0.2):
        eventually(lambda: job(database, one)["status"] == "completed")
    found = job(database, one)
    assert (found["attempt"], found["lost_leases"], found["failures"]) == (2, 1, 0)


def test_two_workers_never_hold_one_job(database: Database) -> None:
    ids = submit(database, user(database), 400)
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
    with connect(database.url) as store:
        run_worker(store, "w", lambda _: None, stop_when_empty=True)
    assert job(database, gpu)["status"] == "queued"
    assert job(database, plain)["status"] == "completed"


def test_a_worker_sweeps(database: Database) -> None:
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    with working(database, lambda _: None, sweep_every=0.2):
        eventually(lambda: job(database, one)["status"] == "completed")


def test_a_worker_says_what_a_sweep_could_not_do(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_sweep(database)
    [one] = submit(database, user(database), due_at=factories.ahead(seconds=1))
    with working(database, lambda _: None, sweep_every=0.2):
        eventually(lambda: TROUBLE in caplog.text)
        eventually(lambda: job(database, one)["status"] == "completed")


@pytest.fixture
def restartable() -> Generator[tuple[Cluster, Database]]:
    """A server of this test's own."""
    try:
        binaries = embedded_binaries()
    except ServerError as error:
        pytest.skip(str(error))
    with (
        disposable(binaries) as cluster,
        running_server(cluster_url(cluster)) as server,
    ):
        yield cluster, server.clone()


def test_a_worker_outlives_a_restart_of_the_server(
    restartable: tuple[Cluster, Database],
) -> None:
    cluster, database = restartable
    first, second = submit(database, user(database), 2)
    began, end = threading.Event(), threading.Event()

    def render(job: Job) -> None:
        began.set()
        assert end.wait(PATIENCE)

    with working(database, render, lease=600, sweep_every=60):
        assert began.wait(PATIENCE)
        cluster.stop()
        end.set()
        cluster.start()
        eventually(lambda: count(database, "completed") == 2)
        eventually(lambda: waits(database))
        [third] = submit(database, user(database))
        eventually(lambda: job(database, third)["status"] == "completed")
    assert [job(database, each)["attempt"] for each in (first, second)] == [1, 1]
