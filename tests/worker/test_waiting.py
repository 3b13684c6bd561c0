"""Waiting for the end of a job."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

import psycopg
import pytest
from tests import factories

from renderstore import work
from renderstore.errors import NotFound
from renderstore.store import aconnect, connect
from renderstore.testing import Database
from renderstore.work import JobStatus
from renderstore.worker import await_job, run_worker, wait_for_job

from .support import PATIENCE, count, eventually, job, submit, user


@pytest.fixture(params=[True, False], ids=["listening", "polling"])
def listen(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def is_watched(database: Database, id: UUID) -> bool:
    """Whether somebody waits for the end."""
    return bool(job(database, id)["is_watched"])


def finish_all(database: Database) -> None:
    """Render what is queued; a claim passes over a job that somebody begins to wait for."""
    with connect(database.url) as store:
        while count(database, "queued"):
            run_worker(store, "w", lambda _: None, stop_when_empty=True)


def test_it_returns_when_the_job_has_ended(database: Database, listen: bool) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    found: list[work.jobs.Job] = []

    def act() -> None:
        with connect(database.url) as store:
            found.append(wait_for_job(store, user_id=owner, id=one, listen=listen))

    thread = threading.Thread(target=act)
    thread.start()
    if listen:
        eventually(lambda: is_watched(database, one))
    finish_all(database)
    thread.join(PATIENCE)
    assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_a_listener_is_told_and_need_not_ask(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.worker._waiting.FALLBACK", 10_000.0)
    owner = user(database)
    for _ in range(20):
        [one] = submit(database, owner)
        found: list[work.jobs.Job] = []

        def act(one: UUID = one, found: list[work.jobs.Job] = found) -> None:
            with connect(database.url) as store:
                found.append(wait_for_job(store, user_id=owner, id=one))

        thread = threading.Thread(target=act)
        thread.start()
        finish_all(database)
        thread.join(PATIENCE)
        assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_it_returns_at_once_for_a_job_that_has_ended(
    database: Database, listen: bool
) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    finish_all(database)
    with connect(database.url) as store:
        ended = wait_for_job(store, user_id=owner, id=one, listen=listen, timeout=0)
    assert ended.status is JobStatus.COMPLETED


def test_it_gives_up_after_its_time(database: Database, listen: bool) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with connect(database.url) as store, pytest.raises(TimeoutError, match=str(one)):
        wait_for_job(store, user_id=owner, id=one, listen=listen, timeout=0.05)


def test_nobody_waits_for_somebody_elses_job(database: Database, listen: bool) -> None:
    [one] = submit(database, user(database))
    with connect(database.url) as store, pytest.raises(NotFound):
        wait_for_job(store, user_id=user(database), id=one, listen=listen)


def test_a_job_that_is_deleted_is_not_waited_for(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    raised: list[BaseException] = []

    def act() -> None:
        with connect(database.url) as store:
            try:
                wait_for_job(store, user_id=owner, id=one)
            except NotFound as error:
                raised.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    eventually(lambda: is_watched(database, one))
    with connect(database.url) as store:
        store.user(owner).run(work.jobs.delete, id=one)
    thread.join(PATIENCE)
    assert len(raised) == 1


def test_an_end_that_nobody_waits_for_notifies_nobody(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with psycopg.connect(database.admin_url, autocommit=True) as ear:
        ear.execute(f"listen renderstore_end_{one.hex}".encode())
        finish_all(database)
        assert list(ear.notifies(timeout=0.2)) == []


def test_the_channel_is_the_databases(database: Database) -> None:
    one = UUID(int=7)
    assert factories.look(database, "select work.end_channel(%(id)s)", id=one) == [
        (f"renderstore_end_{one.hex}",)
    ]


def test_asyncio_waits_too(database: Database, listen: bool) -> None:
    owner = user(database)
    [one] = submit(database, owner)

    async def act() -> JobStatus:
        async with aconnect(database.url) as store:
            waiting = asyncio.create_task(
                await_job(store, user_id=owner, id=one, listen=listen)
            )
            await asyncio.sleep(0.1)
            await asyncio.to_thread(finish_all, database)
            return (await waiting).status

    assert asyncio.run(act()) is JobStatus.COMPLETED
