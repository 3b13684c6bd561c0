"""A worker takes from all farms in turn; a farm that is away is one line, and the others go on.

Generated from tests/worker/aio/test_farms.py by `just generate`; do not edit.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests import factories
from tests.farms import Farms
from tests.worker.support import count, lines, submit
from tests.worker.sync.colour import eventually, wait, working

from renderstore import work
from renderstore.errors import StoreClosed
from renderstore.store import FarmStore, connect_farms
from renderstore.testing import Database
from renderstore.work import JobStatus, jobs
from renderstore.worker import Job, WorkerSettings, run_worker, wait_for_job
from renderstore.worker._sync.colour import Asked
from renderstore.worker._sync.core import Worker

NOWHERE = "postgresql://web@127.0.0.1:1/farm"


def put(farms: Farms, users: int, jobs: int) -> dict[int, list[UUID]]:
    """So many jobs of so many users on each."""
    plan = factories.plans.make(farms.home, max_priority=10)
    people = [
        (number, factories.users.make(farms.home, farm_id=number, plan_id=plan))
        for number in (1, 2)
        for _ in range(users)
    ]
    farms.replicate()
    put: dict[int, list[UUID]] = {1: [], 2: []}
    for number, user_id in people:
        put[number] += submit(farms.database(number), user_id, jobs)
    return put


def opened(farms: Farms) -> FarmStore:
    """A store over both."""
    return connect_farms(farms.home.url, farms.urls)


def admit(database: Database, is_open: bool) -> None:
    """Let nobody in, and end who is; or let everybody in again."""
    with psycopg.connect(
        database.admin_url.replace(database.name, "postgres"), autocommit=True
    ) as conn:
        conn.execute(
            sql.SQL("alter database {} with allow_connections {}").format(
                sql.Identifier(database.name), sql.Literal(is_open)
            )
        )
        if not is_open:
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [database.name],
            )


def test_the_jobs_of_all_farms_are_rendered_once_each(farms: Farms) -> None:
    ids = put(farms, users=20, jobs=2)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        assert job.spec().id == job.id
        seen.append(job.id)

    with opened(farms) as store:
        run_worker(store, "w", render, concurrency=3, stop_when_empty=True)
    assert sorted(seen) == sorted([*ids[1], *ids[2]])
    assert (count(farms.home, "completed"), count(farms.far, "completed")) == (40, 40)


def test_what_a_claim_passes_over_is_rendered_before_it_ends(
    farms: Farms,
) -> None:
    ids = put(farms, users=1, jobs=2)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        seen.append(job.id)

    with opened(farms) as store:
        store.each(lambda farm: farm.worker("w").run(work.sweep))
        for database in (farms.home, farms.far):
            with psycopg.connect(database.admin_url) as conn:
                # Below the floor, as after a slow submission: no claim finds them until a sweep lifts them.
                conn.execute("update work.lanes set floor = 1e12, turn = 1e12")
        run_worker(store, "w", render, stop_when_empty=True)
    assert sorted(seen) == sorted([*ids[1], *ids[2]])


def test_farms_take_turns(farms: Farms) -> None:
    ids = put(farms, users=1, jobs=6)
    seen: list[int] = []
    running: list[UUID] = []

    def render(job: Job) -> None:
        running.append(job.id)
        assert len(running) == 1, "one at once, however many farms there are"
        seen.append(1 if job.id in ids[1] else 2)
        wait(0.5)  # longer than a slot goes on at one farm
        running.remove(job.id)

    with opened(farms) as store:
        run_worker(store, "w", render, stop_when_empty=True)
    assert len(seen) == 12
    assert {*seen[:6]} == {1, 2}, f"one of them waited for the other: {seen}"


def test_a_farm_that_is_away_from_the_beginning_stops_no_other(
    farms: Farms, caplog: pytest.LogCaptureFixture
) -> None:
    ids = put(farms, users=2, jobs=2)
    seen: list[UUID] = []

    def render(job: Job) -> None:
        seen.append(job.id)

    store = connect_farms(farms.home.url, {1: NOWHERE, 2: farms.far.url})
    with working(farms.far, render, store=store):  # type: ignore[arg-type]  # pyright: ignore
        eventually(lambda: count(farms.far, "completed") == 4)
        eventually(lambda: lines(caplog, "WARNING"))
    assert sorted(seen) == sorted(ids[2])
    assert [
        each
        for each in lines(caplog, "WARNING")
        if "w at farm 1 does not reach" in each
    ] == lines(caplog, "WARNING")


def test_a_farm_that_goes_away_stops_no_other_and_is_taken_from_again(
    farms: Farms, caplog: pytest.LogCaptureFixture
) -> None:
    ids = put(farms, users=2, jobs=5)
    late = farms.user(1)
    seen: list[UUID] = []
    gone: list[UUID] = []

    def render(job: Job) -> None:
        seen.append(job.id)
        if job.id in ids[2] and not gone:
            # Its report meets no farm any more.
            gone.append(job.id)
            admit(farms.far, is_open=False)

    with working(farms.home, render, store=opened(farms)):  # type: ignore[arg-type]  # pyright: ignore
        eventually(lambda: gone)
        ids[1] += submit(farms.home, late)
        eventually(lambda: count(farms.home, "completed") == 11)
        admit(farms.far, is_open=True)
        eventually(lambda: count(farms.far, "completed") == 10)
    assert sorted(seen) == sorted([*ids[1], *ids[2]])
    away = [each for each in lines(caplog, "WARNING") if "does not reach" in each]
    assert len(away) == 1
    assert "w at farm 2" in away[0]


def test_what_was_left_behind_is_no_error_once_all_is_closed(
    farms: Farms,
) -> None:
    def render(_: Job) -> None:
        pass

    def late() -> None:
        raise StoreClosed("This store is closed.")

    with opened(farms) as store:
        for is_closed in (True, False):
            worker = Worker(store.at(2), "w", render, WorkerSettings(), Asked(None))
            if is_closed:  # a slot whose report met no farm until then
                worker.closed.set()
            worker.guarded(late)
            assert (worker.error is None) is is_closed


def test_who_waits_for_a_job_waits_where_its_user_lives(farms: Farms) -> None:
    user = farms.user(2)

    def render(_: Job) -> None:
        pass

    with opened(farms) as store:
        store.of(user)
        [one] = submit(farms.far, user)
        with working(farms.far, render):
            ended = wait_for_job(store, user_id=user, id=one, timeout=60)
            assert ended.status is JobStatus.COMPLETED
            # Remembered where the user no longer lives.
            farms.settle(user, 1)
            [two] = submit(farms.home, user)
            with store.home.user(user) as conn:
                jobs.cancel(conn, id=two)
            ended = wait_for_job(store, user_id=user, id=two, timeout=60)
            assert ended.status is JobStatus.CANCELLED
