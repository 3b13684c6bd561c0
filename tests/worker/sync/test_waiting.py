"""Waiting for the end of a job.

Generated from tests/worker/aio/test_waiting.py by `just generate`; do not edit.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from tests import factories
from tests.colours.sync import all_at_once, elsewhere
from tests.worker.support import count, job, restarted, submit, user
from tests.worker.sync.colour import WAITERS, eventually, forked, meanwhile

from renderstore import work
from renderstore.errors import Error, NotFound, StoreClosed
from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.work import JobStatus
from renderstore.worker import run_worker, wait_for_job


@pytest.fixture(params=[True, False], ids=["listening", "polling"])
def listen(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def is_watched(database: Database, id: UUID) -> bool:
    """Whether somebody waits for the end."""
    return bool(job(database, id)["is_watched"])


def watched(database: Database) -> int:
    """How many jobs somebody waits for."""
    rows = factories.look(database, "select count(*) from work.jobs where is_watched")
    return int(rows[0][0])


def ears(database: Database) -> int:
    """How many connections listen."""
    rows = factories.look(
        database,
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and query ~* '^(un)?listen '",
    )
    return int(rows[0][0])


def finish_all(database: Database) -> None:
    """Render what is queued; a claim passes over a job that somebody begins to wait for."""
    with connect(database.url) as store:
        while count(database, "queued"):
            run_worker(
                store,
                "w",
                lambda _: None,
                stop_when_empty=True,
                batch=100,
                listen=False,
            )


def refused(kind: type[Error], store: SyncStore, owner: UUID, one: UUID) -> None:
    """The wait ends with this error."""
    with pytest.raises(kind):
        wait_for_job(store, user_id=owner, id=one)


def test_it_returns_when_the_job_has_ended(database: Database, listen: bool) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with (
        connect(database.url) as store,
        meanwhile(wait_for_job, store, user_id=owner, id=one, listen=listen) as (found),
    ):
        if listen:
            eventually(lambda: is_watched(database, one))
        elsewhere(finish_all, database)
    assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_a_listener_is_told_and_need_not_ask(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.worker._sync.waiting.FALLBACK", 10_000.0)
    owner = user(database)
    with connect(database.url) as store:
        for _ in range(10):
            [one] = submit(database, owner)
            with meanwhile(wait_for_job, store, user_id=owner, id=one) as found:
                elsewhere(finish_all, database)
            assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_it_returns_at_once_for_a_job_that_has_ended(
    database: Database, listen: bool
) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    elsewhere(finish_all, database)
    with connect(database.url) as store:
        ended = wait_for_job(store, user_id=owner, id=one, listen=listen, timeout=0)
    assert ended.status is JobStatus.COMPLETED


def test_it_gives_up_after_its_time(database: Database, listen: bool) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with connect(database.url) as store:
        for timeout in (0, 0.05, 0.5):
            with pytest.raises(TimeoutError, match=str(one)):
                wait_for_job(
                    store, user_id=owner, id=one, listen=listen, timeout=timeout
                )


def test_nobody_waits_for_somebody_elses_job(database: Database, listen: bool) -> None:
    [one] = submit(database, user(database))
    with connect(database.url) as store:
        with pytest.raises(NotFound):
            wait_for_job(store, user_id=user(database), id=one, listen=listen)


def test_a_job_that_is_deleted_is_not_waited_for(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with (
        connect(database.url) as store,
        meanwhile(refused, NotFound, store, owner, one),
    ):
        eventually(lambda: is_watched(database, one))
        with connect(database.url) as other:
            other.user(owner).run(work.jobs.delete, id=one)


def test_many_waiters_cost_one_connection(database: Database) -> None:
    owner = user(database)
    ids = submit(database, owner, WAITERS)
    ended: list[JobStatus] = []

    with connect(database.url, timeout=100) as store:

        def act(number: int) -> None:
            if number == WAITERS:
                eventually(lambda: watched(database) == WAITERS)
                # One that was cut off may take a moment to go.
                eventually(lambda: ears(database) == 1)
                elsewhere(finish_all, database)
                return
            found = wait_for_job(store, user_id=owner, id=ids[number])
            ended.append(found.status)

        assert all_at_once(WAITERS + 1, act) == []
    assert ended == [JobStatus.COMPLETED] * WAITERS
    eventually(lambda: ears(database) == 0)


def test_the_connection_goes_when_nobody_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore._scope.sync.ear.LINGER", 0.3)
    owner = user(database)
    with connect(database.url) as store:
        for _ in range(2):
            [one] = submit(database, owner)
            with meanwhile(wait_for_job, store, user_id=owner, id=one):
                eventually(lambda: ears(database) == 1)
                elsewhere(finish_all, database)
            eventually(lambda: ears(database) == 0)


def test_a_listener_that_is_cut_off_reconnects_and_looks_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.worker._sync.waiting.FALLBACK", 10_000.0)
    owner = user(database)
    first, second = submit(database, owner, 2)
    cut = (
        "select pg_terminate_backend(pid) from pg_stat_activity where"
        " datname = current_database() and pid <> pg_backend_pid()"
    )
    with (
        connect(database.url) as store,
        meanwhile(wait_for_job, store, user_id=owner, id=first) as found,
        meanwhile(wait_for_job, store, user_id=owner, id=second) as other,
    ):
        eventually(lambda: watched(database) == 2)
        with psycopg.connect(database.admin_url) as conn:
            conn.execute(cut)
        eventually(lambda: ears(database) == 1)
        elsewhere(finish_all, database)
    assert [each.status for each in (*found, *other)] == [JobStatus.COMPLETED] * 2


def test_who_waits_outlives_a_restart_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("renderstore.worker._sync.waiting.FALLBACK", 10_000.0)
    with restarted() as (cluster, database):
        owner = user(database)
        [one] = submit(database, owner)
        with (
            connect(database.url, timeout=60) as store,
            meanwhile(wait_for_job, store, user_id=owner, id=one) as found,
        ):
            eventually(lambda: is_watched(database, one))
            elsewhere(cluster.stop)
            elsewhere(cluster.start)
            eventually(lambda: ears(database) == 1)
            elsewhere(finish_all, database)
    assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_a_store_that_closes_ends_the_wait(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    store = connect(database.url)
    with meanwhile(refused, StoreClosed, store, owner, one):
        eventually(lambda: is_watched(database, one))
        store.close()
    eventually(lambda: ears(database) == 0)


def test_a_child_listens_for_itself(database: Database) -> None:
    owner = user(database)
    first, second = submit(database, owner, 2)

    def wait(store: SyncStore) -> None:
        ended = wait_for_job(store, user_id=owner, id=second, timeout=60)
        assert ended.status is JobStatus.COMPLETED

    with (
        connect(database.url) as store,
        meanwhile(wait_for_job, store, user_id=owner, id=first) as found,
    ):
        eventually(lambda: is_watched(database, first))
        with forked(wait, store) as is_well:
            eventually(lambda: ears(database) == 2)
            elsewhere(finish_all, database)
    assert is_well == [True]
    assert [each.status for each in found] == [JobStatus.COMPLETED]


def test_an_end_that_nobody_waits_for_notifies_nobody(database: Database) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with psycopg.connect(database.admin_url, autocommit=True) as ear:
        ear.execute(f"listen renderstore_end_{one.hex}".encode())
        elsewhere(finish_all, database)
        assert list(ear.notifies(timeout=0.2)) == []


def test_the_channel_is_the_databases(database: Database) -> None:
    one = UUID(int=7)
    assert factories.look(database, "select work.end_channel(%(id)s)", id=one) == [
        (f"renderstore_end_{one.hex}",)
    ]
