"""Who waits is woken, whatever comes between; who does not wait costs nothing.

The workers here look by themselves only after hours, so a wake-up that is lost fails its test.
"""

from __future__ import annotations

import random
import threading
import time
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests import factories

from renderstore import work
from renderstore.errors import WorkerUnknown
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.work import JobKind

from . import support
from .support import (
    COLOURS,
    PATIENCE,
    count,
    eventually,
    job,
    put,
    submit,
    user,
    waits,
)

ONLY_WOKEN: dict[str, Any] = {
    "poll": 10_000.0,
    "sweep_every": 10_000.0,
    "lease": 30_000.0,
}

OVERLOOKED = """
    select j.id
    from work.jobs as j
    left join work.ready as r on r.user_id = j.user_id and r.job_id = j.id
    left join work.lanes as l on l.id = r.lane_id
    where (j.status = 'queued' and (r.turn >= l.floor) is not false)
        or (
            j.status = 'running'
            and not exists (select from work.reports as said where said.job_id = j.id)
        )
"""
"""What is left to do, but for what only the sweep can bring to the workers."""

HURRIED = """
    create function work.refuse_hurried_clock() returns trigger language plpgsql as $$
    begin
        raise exception 'The clock moved twice within 100 ms: % and %.', old.moved_at, new.moved_at;
    end
    $$;
    create trigger hurried before update of turn on work.lanes for each row
    when (new.turn > old.turn and new.moved_at < old.moved_at + interval '100 milliseconds')
    execute function work.refuse_hurried_clock()
"""
"""Who joins the line at a turn that the clock passes twice meanwhile is below the floor: it takes its time."""


@pytest.fixture(params=COLOURS)
def working(request: pytest.FixtureRequest) -> Any:
    """A worker beside the test, of each colour."""
    return partial(support.working, colour=request.param)


def nothing(_: UUID) -> None:
    """A render that takes no time."""


def is_completed(database: Database, id: UUID) -> bool:
    """Whether the job is done."""
    return bool(job(database, id)["status"] == "completed")


def test_a_job_that_comes_alone_is_found_at_once(
    database: Database, working: Any
) -> None:
    owner = user(database)
    chance = random.Random(1)
    with working(database, nothing, **ONLY_WOKEN):
        for _ in range(150):
            # Around the moment when the worker has found nothing and begins to wait.
            time.sleep(chance.choice([0, 0.001, 0.003, 0.006]))
            with psycopg.connect(database.admin_url) as conn:
                [one] = put(conn, owner)
                time.sleep(chance.choice([0, 0.002, 0.01]))
            eventually(partial(is_completed, database, one))


def test_no_job_is_overlooked_when_many_submit_to_many_workers(
    database: Database, working: Any
) -> None:
    owners = [user(database) for _ in range(4)]
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(HURRIED.encode())

    def act(owner: UUID) -> None:
        chance = random.Random(owner.int)
        for _ in range(60):
            with psycopg.connect(database.admin_url) as conn:
                put(conn, owner, chance.randint(1, 3))
                time.sleep(chance.choice([0, 0.001, 0.005]))
                if chance.random() < 0.2:
                    conn.rollback()
            time.sleep(chance.choice([0, 0.002, 0.02]))

    with (
        working(database, nothing, name="a", **ONLY_WOKEN),
        working(database, nothing, name="b", concurrency=3, **ONLY_WOKEN),
        working(database, nothing, name="c", **ONLY_WOKEN),
    ):
        threads = [threading.Thread(target=act, args=(each,)) for each in owners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: factories.look(database, OVERLOOKED) == [])
        # A machine so busy that a submission takes a tenth of a second leaves jobs to the sweep.
        with connect(database.url) as store:
            store.worker("broom").run(work.sweep)
        eventually(lambda: count(database, "queued") + count(database, "running") == 0)
    assert factories.look(database, "select problem from work.problems()") == []


def test_a_job_whose_transaction_was_open_before_the_wait_is_found(
    database: Database, working: Any
) -> None:
    owner = user(database)
    with psycopg.connect(database.admin_url) as slow:
        [one] = put(slow, owner)
        with working(database, nothing, **ONLY_WOKEN):
            eventually(lambda: waits(database))
            slow.commit()
            eventually(lambda: is_completed(database, one))


def test_a_submission_that_is_rolled_back_spends_no_wake_up(
    database: Database, working: Any
) -> None:
    owner = user(database)
    with working(database, nothing, **ONLY_WOKEN):
        eventually(lambda: waits(database))
        with psycopg.connect(database.admin_url) as undone:
            put(undone, owner)
            undone.rollback()
        [one] = submit(database, owner)
        eventually(lambda: is_completed(database, one))


def test_a_submission_is_heard_while_another_one_wakes(
    database: Database, working: Any
) -> None:
    owner, other = user(database), user(database)
    with working(database, nothing, **ONLY_WOKEN):
        eventually(lambda: waits(database))
        with psycopg.connect(database.admin_url) as slow:
            put(slow, other)
            [one] = submit(database, owner)
            eventually(lambda: is_completed(database, one))
            slow.rollback()


def test_a_worker_that_is_woken_while_busy_passes_it_on(
    database: Database, working: Any
) -> None:
    owner, other = user(database), user(database)
    [warm] = submit(database, owner)
    end = threading.Event()
    began: list[UUID] = []

    def long(id: UUID) -> None:
        if id != warm:
            began.append(id)
            assert end.wait(PATIENCE)

    with working(database, long, name="busy", **ONLY_WOKEN):
        eventually(lambda: is_completed(database, warm) and waits(database, "busy"))
        with psycopg.connect(database.admin_url) as slow:
            [late] = put(slow, other)  # this one's commit wakes the busy worker
            [first] = submit(database, owner)
            eventually(lambda: began == [first])
            with working(database, nothing, name="idle", **ONLY_WOKEN):
                # It waits, and has seen that nothing older is under way but this.
                eventually(lambda: waits(database, "idle"))
                slow.commit()
                eventually(lambda: is_completed(database, late))
        end.set()


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_submission_with_an_old_snapshot_wakes_everybody(
    database: Database, level: str, working: Any
) -> None:
    owner = user(database)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(f"set transaction isolation level {level}".encode())
        conn.execute("select from work.waits")
        with working(database, nothing, **ONLY_WOKEN):
            eventually(lambda: waits(database))
            [one] = put(conn, owner)
            conn.commit()
            eventually(lambda: is_completed(database, one))


def test_a_resumed_farm_wakes(database: Database, working: Any) -> None:
    owner = user(database)
    with connect(database.url) as store:
        admin = store.admin(reason="maintenance")
        admin.run(work.pauses.pause, label="", reason=None)
        [one] = submit(database, owner)
        with working(database, nothing, **ONLY_WOKEN):
            eventually(lambda: waits(database))
            assert job(database, one)["status"] == "queued"
            admin.run(work.pauses.resume, label="")
            eventually(lambda: is_completed(database, one))


def test_a_resumed_user_wakes(database: Database, working: Any) -> None:
    owner = user(database)
    with connect(database.url) as store:
        admin = store.admin(reason="an unpaid bill")
        admin.run(work.pauses.pause_user, user_id=owner, reason=None)
        [one] = submit(database, owner)
        with working(database, nothing, **ONLY_WOKEN):
            eventually(lambda: waits(database))
            assert job(database, one)["status"] == "queued"
            admin.run(work.pauses.resume_user, user_id=owner)
            eventually(lambda: is_completed(database, one))


def test_a_job_that_a_waiting_worker_cannot_take_leaves_it_asleep(
    database: Database, working: Any
) -> None:
    owner = user(database)
    with working(database, nothing, **ONLY_WOKEN):
        eventually(lambda: waits(database))
        submit(database, owner, labels=["gpu"])
        assert waits(database)


def listen(ear: psycopg.Connection, *workers: str) -> None:
    """Hear what these workers would."""
    for channel in (
        "renderstore_wake",
        *(
            row[0]
            for row in ear.execute(
                "select work.wake_channel(name) from unnest(%s::text[]) as name",
                [list(workers)],
            )
        ),
    ):
        ear.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_job_wakes_one_worker(database: Database, jobs: int) -> None:
    owner, names = user(database), ("a", "b", "c")
    with (
        connect(database.url) as store,
        psycopg.connect(database.admin_url, autocommit=True) as ear,
    ):
        for name in names:
            factories.registered(store, name).run(work.waits.begin)
        listen(ear, *names)
        submit(database, owner, jobs)
        assert len(list(ear.notifies(timeout=0.5))) == jobs


def test_a_worker_that_takes_other_kinds_is_not_woken(database: Database) -> None:
    owner = user(database)
    with (
        connect(database.url) as store,
        psycopg.connect(database.admin_url, autocommit=True) as ear,
    ):
        scope = factories.registered(store, "w", kinds=[JobKind.DOWNLOAD])
        scope.run(work.waits.begin)
        listen(ear, "w")
        submit(database, owner)
        assert list(ear.notifies(timeout=0.5)) == []


def test_nobody_waits_who_never_registered(database: Database) -> None:
    with connect(database.url) as store, pytest.raises(WorkerUnknown, match="nobody"):
        store.worker("nobody").run(work.waits.begin)


def test_nobody_is_notified_when_nobody_waits(database: Database) -> None:
    owner = user(database)
    with psycopg.connect(database.admin_url, autocommit=True) as ear:
        with connect(database.url) as store:
            scope = factories.registered(store, "w")
            scope.run(work.waits.begin)
            scope.run(work.waits.end)
        listen(ear, "w")
        submit(database, owner)
        assert list(ear.notifies(timeout=0.5)) == []


def test_who_claims_something_waits_no_longer(database: Database) -> None:
    owner = user(database)
    with connect(database.url) as store:
        scope = factories.registered(store, "w")
        scope.run(work.waits.begin)
        assert scope.run(work.jobs.claim_and_stop_waiting, limit=2) == []
        assert waits(database)
        submit(database, owner, 3)
        assert len(scope.run(work.jobs.claim_and_stop_waiting, limit=2)) == 2
        assert not waits(database)
        assert len(scope.run(work.jobs.claim_and_stop_waiting, limit=2)) == 1


def test_behind_a_pooler_a_worker_polls(database: Database, working: Any) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with working(database, nothing, pooler=True, poll=0.05):
        eventually(lambda: is_completed(database, one))
        [two] = submit(database, owner)
        eventually(lambda: is_completed(database, two))
        assert not waits(database)
