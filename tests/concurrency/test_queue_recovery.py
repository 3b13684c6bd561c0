"""What time, silence and failure do to a job: nothing is lost, and nothing waits for ever."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import factories
from tests.factories import look, registered

from renderstore import errors, render, work
from renderstore.store import SyncStore, connect
from renderstore.testing import Database
from renderstore.work import area

from .queueing import administer, change, in_threads, settle, submit, user


def sweep(store: SyncStore, max_rows: int | None = None) -> dict[str, int]:
    """What a sweep says that it did."""
    with store.worker("sweeper") as conn:
        return {row.what: row.jobs for row in area.sweep(conn, max_rows=max_rows)}


def claim(store: SyncStore, worker: str = "one") -> work.jobs.Claim:
    with registered(store, worker) as conn:
        [claimed] = work.jobs.claim(conn, limit=1)
    return claimed


def silence(database: Database) -> None:
    """Every lease ran out a second ago."""
    change(
        database,
        "update work.jobs set lease_expires_at = now() - interval '1 second'"
        " where status = 'running'",
    )


def job(database: Database, job_id: UUID, columns: str) -> tuple[Any, ...]:
    [row] = look(
        database, f"select {columns} from work.jobs where id = %(id)s", id=job_id
    )
    return row


def test_a_lost_lease_goes_to_the_head_and_costs_no_try(
    database: Database, store: SyncStore
) -> None:
    first, *_ = submit(database, user(database), 10)
    assert claim(store).id == first
    silence(database)
    assert sweep(store)["leases lost"] == 1
    assert job(database, first, "status::text, failures, lost_leases, attempt") == (
        "queued",
        0,
        1,
        1,
    )
    again = claim(store, "two")
    assert (again.id, again.attempt) == (first, 2)


def test_a_lease_that_holds_is_left_alone(database: Database, store: SyncStore) -> None:
    submit(database, user(database))
    claim(store)
    assert sum(sweep(store).values()) == 0


def test_after_five_lost_leases_a_job_has_failed_as_lost(
    database: Database, store: SyncStore
) -> None:
    [job_id] = submit(database, user(database))
    for _ in range(5):
        assert claim(store).id == job_id
        silence(database)
        sweep(store)
    assert job(
        database, job_id, "status::text, error_class, failures, lost_leases"
    ) == (
        "failed",
        "lost",
        0,
        5,
    )


def test_a_heartbeat_keeps_a_job_from_the_sweep(
    database: Database, store: SyncStore
) -> None:
    submit(database, user(database))
    held = claim(store)
    silence(database)
    with registered(store, "one") as conn:
        work.jobs.heartbeat(
            conn, user_id=held.user_id, id=held.id, attempt=held.attempt
        )
    assert sweep(store)["leases lost"] == 0


def fail(store: SyncStore, held: work.jobs.Claim, error_class: str) -> work.JobStatus:
    with registered(store, "one") as conn:
        return work.jobs.fail(
            conn,
            user_id=held.user_id,
            id=held.id,
            attempt=held.attempt,
            error_class=error_class,
            error_message="it broke",
            exit_code=3221225477,
        )


def test_a_failure_is_tried_again_until_no_try_is_left(
    database: Database, store: SyncStore
) -> None:
    [job_id] = submit(database, user(database), max_failures=3)
    became: list[str] = []
    for _ in range(3):
        became.append(str(fail(store, claim(store), "crashed")))
        change(
            database,
            "update work.jobs set due_at = now() - interval '1 second'"
            " where status = 'pending'",
        )
        sweep(store)
    assert became == ["pending", "pending", "failed"]
    assert job(database, job_id, "error_class, error_message, exit_code, failures") == (
        "crashed",
        "it broke",
        3221225477,
        3,
    )


@pytest.mark.parametrize(
    ("error_class", "status"),
    [
        ("invalid", "failed"),
        ("missing", "failed"),
        ("network", "pending"),
        ("of_my_own", "pending"),
    ],
)
def test_a_table_says_which_failures_are_tried_again(
    database: Database, store: SyncStore, error_class: str, status: str
) -> None:
    submit(database, user(database))
    assert fail(store, claim(store), error_class) == status


def test_the_back_off_doubles_and_is_spread(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    submit(database, owner, 60, max_failures=100)
    change(
        database,
        "update work.jobs set failures = case when id in ("
        "select id from work.jobs order by id limit 30) then 0 else 4 end",
    )
    with registered(store, "one") as conn:
        for held in work.jobs.claim(conn, limit=60):
            work.jobs.fail(
                conn,
                user_id=held.user_id,
                id=held.id,
                attempt=held.attempt,
                error_class="crashed",
                error_message=None,
                exit_code=None,
            )
    waits: dict[int, list[float]] = {1: [], 5: []}
    for failures, seconds in look(
        database,
        "select j.failures, extract(epoch from j.due_at - e.happened_at)::float"
        " from work.jobs as j"
        " join work.events as e on e.user_id = j.user_id and e.job_id = j.id",
    ):
        waits[failures].append(seconds)
    for failures, seconds in ((1, 10), (5, 160)):
        assert len(waits[failures]) == 30
        assert seconds * 0.5 <= min(waits[failures])
        assert max(waits[failures]) <= seconds * 1.5
        assert statistics.stdev(waits[failures]) > seconds * 0.05


def test_a_release_goes_to_the_head_and_costs_nothing(
    database: Database, store: SyncStore
) -> None:
    first, *_ = submit(database, user(database), 5)
    held = claim(store)
    with registered(store, "one") as conn:
        work.jobs.release(conn, user_id=held.user_id, id=held.id, attempt=held.attempt)
    assert job(database, first, "status::text, failures, lost_leases") == (
        "queued",
        0,
        0,
    )
    assert claim(store).id == first


def test_what_is_due_enters_the_line_and_not_before(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    [late] = submit(database, owner, due_at=factories.ahead(days=1))
    [soon] = submit(database, owner, due_at=factories.ahead(days=1))
    change(
        database,
        "update work.jobs set due_at = now() + interval '1 ms' where id = %(id)s",
        id=soon,
    )
    sweep(store)
    assert job(database, late, "status::text") == ("pending",)
    assert claim(store).id == soon


def test_what_is_over_is_cancelled_waiting_or_running(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    running, waiting = submit(database, owner, 2)
    held = claim(store)
    change(database, "update work.jobs set auto_cancel_at = now() - interval '1 s'")
    assert sweep(store)["cancelled by time"] == 2
    assert job(database, waiting, "status::text") == ("cancelled",)
    with registered(store, "one") as conn:
        assert work.jobs.heartbeat(
            conn, user_id=held.user_id, id=held.id, attempt=held.attempt
        )
    # Its worker falls silent instead of stopping.
    silence(database)
    sweep(store)
    assert job(database, running, "status::text") == ("cancelled",)


def test_a_sweep_is_bounded(database: Database, store: SyncStore) -> None:
    submit(database, user(database), 20)
    with registered(store, "one") as conn:
        work.jobs.claim(conn, limit=20)
    silence(database)
    assert [sweep(store, 8)["leases lost"] for _ in range(4)] == [8, 8, 4, 0]


def test_many_sweeps_at_once_do_each_thing_once(database: Database) -> None:
    owners = [user(database) for _ in range(5)]
    for owner in owners:
        submit(database, owner, 40)
        submit(database, owner, 40, due_at=factories.ahead(days=1))
    with connect(database.url, size=8) as store:
        with registered(store, "one") as conn:
            assert len(work.jobs.claim(conn, limit=200)) == 200
        silence(database)
        change(
            database,
            "alter table work.jobs disable trigger user;"
            " update work.jobs set due_at = now() - interval '1 s'"
            " where status = 'pending';"
            " alter table work.jobs enable trigger user",
        )
        done: list[dict[str, int]] = []

        def many(_: int) -> None:
            done.extend(sweep(store, 10) for _ in range(20))

        in_threads(8, many)
    assert sum(each["leases lost"] for each in done) == 200
    assert sum(each["became due"] for each in done) == 200
    assert look(database, "select count(*) from work.ready") == [(400,)]


def test_one_query_finds_what_nobody_is_responsible_for(
    database: Database, store: SyncStore
) -> None:
    [job_id] = submit(database, user(database))
    change(database, "delete from work.ready")
    with store.readonly() as conn:
        found = area.list_problems(conn, page_size=10)
    assert [(row.job_id, row.problem) for row in found] == [
        (job_id, "queued, but not in line")
    ]
    change(
        database,
        "insert into work.leftovers (user_id, job_id) select user_id, id from work.jobs",
    )
    sweep(store)
    assert claim(store).id == job_id


def test_a_resume_that_passed_over_a_job_leaves_it_to_the_sweep(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    [job_id] = submit(database, owner)
    administer(database, "select work.pause_user(%(owner)s)", owner=owner)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select from work.jobs for no key update")
        administer(database, "select work.resume_user(%(owner)s)", owner=owner)
        conn.rollback()
    assert sweep(store)["looked at again"] == 1
    assert claim(store).id == job_id


def test_a_job_that_enters_the_line_while_a_resume_commits_is_found(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    [job_id] = submit(database, owner)
    held = claim(store)
    administer(database, "select work.pause_user(%(owner)s)", owner=owner)
    with registered(store, "one") as conn:
        work.jobs.release(conn, user_id=held.user_id, id=held.id, attempt=held.attempt)
        administer(database, "select work.resume_user(%(owner)s)", owner=owner)
    settle(database)
    assert claim(store).id == job_id


def test_a_job_that_a_sweep_gives_back_while_a_resume_commits_is_found(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    [job_id] = submit(database, owner)
    claim(store)
    administer(database, "select work.pause_user(%(owner)s)", owner=owner)
    silence(database)
    resume = threading.Thread(
        target=administer,
        args=(database, "select work.resume_user(%(owner)s)"),
        kwargs={"owner": owner},
    )
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select from work.sweep()")
        resume.start()
        while resume.is_alive() and not look(
            database,
            "select from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'",
        ):
            time.sleep(0.01)
    resume.join()
    assert settle(database) == []
    assert claim(store).id == job_id


def test_a_lane_opened_during_a_pause_follows_it(
    database: Database, store: SyncStore
) -> None:
    owner = user(database)
    with store.admin(reason="pauses") as conn:
        work.pauses.pause(conn, label="")
        submit(database, owner)
    sweep(store)
    with registered(store, "one") as conn:
        assert work.jobs.claim(conn, limit=1) == []


@pytest.mark.parametrize("rule", ["cancel", "wait"])
def test_dependants_that_were_held_at_the_end_of_a_batch_are_settled_by_the_sweep(
    database: Database, store: SyncStore, rule: str
) -> None:
    owner = user(database)
    first, second = submit(database, owner, 2)
    with store.user(owner) as conn:
        child = render.jobs.submit(
            conn,
            template_path="/a.aep",
            output_path="/b.mov",
            needs_job_ids=[first],
            on_failure=work.DependencyRule(rule),
        )
    assert child is not None
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "select from work.jobs where id = %s for no key update", [child.id]
        )
        status = "failed" if rule == "cancel" else "completed"
        with registered(store, "one") as other:
            other.execute("set local lock_timeout = '10s'")
            work.jobs.claim(other, limit=2)
        for each in (first, second):
            with registered(store, "one") as other:
                if status == "failed":
                    work.jobs.fail(
                        other, user_id=owner, id=each, attempt=1, error_class="invalid"
                    )
                else:
                    work.jobs.finish(other, user_id=owner, id=each, attempt=1)
        conn.rollback()
    assert job(database, child.id, "status::text") == ("pending",)
    settle(database)
    expected = "cancelled" if rule == "cancel" else "queued"
    assert job(database, child.id, "status::text") == (expected,)


def test_a_stopped_job_is_cancelled(database: Database, store: SyncStore) -> None:
    owner = user(database)
    [job_id] = submit(database, owner)
    held = claim(store)
    with store.user(owner) as conn:
        assert work.jobs.cancel(conn, id=job_id, reason="no").status == "running"
    with registered(store, "one") as conn:
        work.jobs.stop(conn, user_id=held.user_id, id=held.id, attempt=held.attempt)
    assert job(database, job_id, "status::text, cancel_reason") == ("cancelled", "no")
    with pytest.raises(errors.LeaseLost), registered(store, "one") as conn:
        work.jobs.finish(conn, user_id=held.user_id, id=held.id, attempt=held.attempt)
