"""What a worker says: what it begins, how that ends, what it waits for, whether the server is there.

Generated from tests/worker/aio/test_sayings.py by `just generate`; do not edit.
"""

from __future__ import annotations

import logging

import pytest
from tests.colours.sync import elsewhere
from tests.worker.support import count, job, lines, restarted, submit, user
from tests.worker.sync.colour import Event, drain, eventually, happened, wait, working

from renderstore.testing import Database
from renderstore.worker import Job, Output, RenderFailed


def nothing(_: Job) -> None:
    """A render that takes no time."""


def test_it_says_for_whom_it_works_and_that_it_has_stopped(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "renderstore.worker")
    drain(database, nothing, labels=["gpu"], concurrency=2)
    said = lines(caplog)
    assert said[0].startswith(f"w works on {database.name} at ")
    assert "2 jobs at once of the kind render, offering gpu." in said[0]
    assert said[-1] == "w has stopped."


def test_it_says_what_it_takes_and_how_that_ended(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "renderstore.worker")
    first, second, third = submit(database, user(database), 3)

    def render(job: Job) -> list[Output]:
        if job.id == second:
            raise ValueError("a knot in the comp")
        if job.id == third:
            return [Output(path="/renders/a.mov")]
        return []

    drain(database, render)
    said = "\n".join(lines(caplog))
    for one in (first, second, third):
        assert f"w took job {one} (attempt 1), a render." in said
        assert f"job {one} (attempt 1) begins." in said
    assert f"job {first} (attempt 1) is rendered after 0.0 s." in said
    assert f"job {first} (attempt 1) is done." in said
    assert f"job {third} (attempt 1) is rendered after 0.0 s, with 1 file." in said
    assert f"job {third} (attempt 1) is done." in said
    [failed] = lines(caplog, "ERROR")
    assert failed.startswith(
        f"job {second} (attempt 1) failed after 0.0 s: ValueError: a knot in the comp\n"
    )
    assert 'raise ValueError("a knot in the comp")' in failed
    assert f"job {second} (attempt 1) is failed now." in said


def test_what_a_render_says_itself_comes_without_a_traceback(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    submit(database, user(database))

    def render(_: Job) -> None:
        raise RenderFailed("no license", error_class="license")

    drain(database, render)
    [failed] = lines(caplog, "ERROR")
    assert failed.endswith("failed after 0.0 s: no license")


def test_it_says_what_a_shutdown_waits_for_and_what_it_gives_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "renderstore.worker")
    [one] = submit(database, user(database))
    began = Event()

    def render(job: Job) -> None:
        began.set()
        while job.reason is None:
            wait(0.01)

    with working(database, render, grace=0.2) as stop:
        happened(began)
        stop.set()
    said = "\n".join(lines(caplog))
    assert "it waits for 1 job, 0.2 s at most." in said
    assert "w waits no longer: 1 job should stop, and is given back in 5.0 s." in said
    assert f"job {one} (attempt 1) should stop: the worker ends." in said
    assert f"job {one} (attempt 1) is given back." in said
    assert job(database, one)["status"] == "queued"


def test_a_server_that_is_away_is_a_line_and_one_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "renderstore.worker")
    with restarted() as (cluster, database):
        first, second = submit(database, user(database), 2)
        began, end = Event(), Event()

        def render(_: Job) -> None:
            began.set()
            happened(end)

        with working(
            database, render, lease=600, sweep_every=0.3, concurrency=2, poll=0.2
        ):
            happened(began)
            elsewhere(cluster.stop)
            end.set()
            eventually(lambda: "does not reach the database" in caplog.text)
            wait(3)
            elsewhere(cluster.start)
            eventually(lambda: count(database, "completed") == 2)
            eventually(lambda: "reaches the database again" in caplog.text)
            [third] = submit(database, user(database))
            eventually(lambda: job(database, third)["status"] == "completed")
        assert [job(database, each)["attempt"] for each in (first, second)] == [1, 1]
    said = lines(caplog)
    assert [" ".join(each.split()[:4]) for each in said] == [
        "w does not reach",
        "w reaches the database",
    ]
