"""A worker's name is one worker's: who registers under it takes it over.

Generated from tests/worker/aio/test_names.py by `just generate`; do not edit.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests import factories
from tests.worker.support import job, submit, user
from tests.worker.sync.colour import (
    Event,
    eventually,
    happened,
    told_to_stop,
    working,
)

from renderstore.errors import Unreachable, WorkerReplaced
from renderstore.testing import Database
from renderstore.work import workers
from renderstore.worker import Job, Reason


def nothing(_: Job) -> None:
    """A render that takes no time."""


def test_a_newcomer_takes_the_name_over_and_the_elder_ends(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    [one] = submit(database, user(database))
    began, reasons = Event(), list[Reason | None]()

    def render(job: Job) -> None:
        began.set()
        reasons.append(told_to_stop(job))

    raised: list[BaseException] = []
    with working(database, render, lease=3.0, raised=raised):
        happened(began)
        with working(database, nothing, lease=600):
            eventually(lambda: job(database, one)["status"] == "completed")
            eventually(lambda: reasons)
    [error] = raised
    assert isinstance(error, WorkerReplaced)
    assert "took the name w over" in str(error)
    found = job(database, one)
    assert (found["attempt"], found["lost_leases"], found["failures"]) == (2, 1, 0)
    assert reasons == [Reason.LOST]
    assert "Another worker took the name w over" in caplog.text
    assert factories.look(
        database, "select stopped_at is not null from work.workers"
    ) == [(True,)]


def test_who_cannot_ask_whose_the_name_is_works_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = user(database)
    [lost] = submit(database, owner)
    asks, failed = workers.get, list[BaseException]()

    def get(*args: Any, **kwargs: Any) -> Any:
        if not failed:
            failed.append(Unreachable("The server went as it refused a report."))
            raise failed[0]
        return asks(*args, **kwargs)

    def render(job: Job) -> None:
        if job.id == lost:
            factories.look(
                database,
                "update work.jobs set attempt = attempt + 1 where id = %(id)s returning id",
                id=lost,
            )

    monkeypatch.setattr(workers, "get", get)
    with working(database, render, lease=600, poll=0.05):
        eventually(lambda: failed)
        [next_one] = submit(database, owner)
        eventually(lambda: job(database, next_one)["status"] == "completed")


def test_the_elders_reports_are_refused_and_said(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = submit(database, user(database), 2)
    began, end = Event(), Event()

    def render(job: Job) -> None:
        if job.id == first:
            began.set()
            happened(end)

    raised: list[BaseException] = []
    with working(database, render, lease=600, raised=raised):
        happened(began)
        with working(database, nothing, lease=600):
            eventually(lambda: job(database, second)["status"] == "completed")
            end.set()
            eventually(lambda: "the result is dropped" in caplog.text)
    assert isinstance(raised[0], WorkerReplaced)
    assert job(database, first)["attempt"] == 2


def test_a_restart_has_back_at_once_what_its_predecessor_held(
    database: Database,
) -> None:
    [one] = submit(database, user(database))
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set status = 'running', attempt = 1, held_by = 'w',"
            " lease_expires_at = now() + interval '1 hour', started_at = now()"
        )
        conn.execute("delete from work.ready")
        conn.execute("insert into work.workers (name, kinds) values ('w', '{render}')")
    with working(database, nothing):
        eventually(lambda: job(database, one)["status"] == "completed")
    found = job(database, one)
    assert (found["attempt"], found["lost_leases"]) == (2, 1)


def test_a_registration_that_is_deleted_is_made_again_with_its_labels(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    owner = user(database)
    [one] = submit(database, owner, labels=["gpu"])
    began, end = Event(), Event()

    def render(_: Job) -> None:
        began.set()
        happened(end)

    with working(database, render, labels=["gpu"], lease=3.0, poll=0.05):
        happened(began)
        factories.look(database, "delete from work.workers returning name")
        eventually(lambda: "it registers again" in caplog.text)
        end.set()
        [two] = submit(database, owner, labels=["gpu"])
        eventually(lambda: job(database, two)["status"] == "completed")
        assert job(database, one)["attempt"] == 1
        # With nothing held, a claim or a wait finds out.
        factories.look(database, "delete from work.workers returning name")
        [three] = submit(database, owner, labels=["gpu"])
        eventually(lambda: job(database, three)["status"] == "completed")
    assert factories.look(database, "select labels from work.workers") == [(["gpu"],)]
