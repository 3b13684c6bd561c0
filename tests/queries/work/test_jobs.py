"""sql/queries/work/jobs.sql: what is asked of a job, and what its worker says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from tests.factories import (
    Job,
    acting,
    ago,
    ahead,
    job,
    look,
    offer,
    plans,
    registered,
    status,
    users,
)

from renderstore.errors import (
    Error,
    Invalid,
    LabelUnknown,
    LeaseLost,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    Refused,
    TransitionRefused,
    WorkerUnknown,
    translate,
)
from renderstore.render import jobs as renders
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import JobStatus, area, jobs, labels

DBA = "the tests' DBA"


def column(database: Database, made: Job, name: str) -> object:
    """What a column of a job holds."""
    with psycopg.connect(database.admin_url) as conn:
        row = conn.execute(
            sql.SQL("select {} from work.jobs where user_id = %s and id = %s").format(
                sql.Identifier(name)
            ),
            [made.user_id, made.id],
        ).fetchone()
    assert row is not None
    return row[0]


def let_leases_end(database: Database) -> None:
    """As if every worker had fallen silent long ago."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 second'"
            " where status = 'running'"
        )


def let_back_offs_end(database: Database) -> None:
    """As if every back-off were over."""
    with psycopg.connect(database.admin_url) as conn:
        # Time passes without a trigger.
        conn.execute("set session_replication_role = replica")
        conn.execute(
            "update work.jobs set due_at = now() - interval '1 second'"
            " where status = 'pending'"
        )


def refusal(database: Database, user_id: UUID, query: sql.Composed | bytes) -> str:
    """What a user hears of a plain statement."""
    with (
        pytest.raises(psycopg.Error) as caught,
        acting(database, "app", user_id, f"user:{user_id}") as conn,
    ):
        conn.execute(query)
    said = translate(caught.value)
    assert isinstance(said, Error)
    return f"{type(said).__name__}: {said.sentence}"


def sweep(store: SyncStore) -> dict[str, int]:
    """What a sweep did."""
    done = store.worker("sweeper").run(area.sweep, max_rows=1000)
    return {line.what: line.jobs for line in done if line.jobs}


# Asked for


@pytest.mark.parametrize("before", ["pending", "queued"])
def test_a_waiting_job_is_cancelled_at_once(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    mine = store.user(made.user_id)
    asked = mine.run(jobs.cancel, id=made.id, reason="No more.")
    assert (asked.id, asked.status) == (made.id, JobStatus.CANCELLED)
    found = mine.run(jobs.get, id=made.id)
    assert found.completed_at is not None
    assert found.cancel_requested_at is not None
    assert found.cancel_reason == "No more."


@pytest.mark.parametrize("before", ["running", "validating"])
def test_a_running_job_goes_on_until_its_worker_stops_it(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    asked = store.user(made.user_id).run(jobs.cancel, id=made.id, reason="No more.")
    assert asked.status == before
    worker = registered(store, "mac-1")
    assert worker.run(jobs.heartbeat, **made.key, attempt=1)
    worker.run(jobs.stop, **made.key, attempt=1)
    assert status(database, made) == "cancelled"


def test_a_silent_workers_job_is_cancelled_by_the_sweep_after_whoever_asks(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    let_leases_end(database)
    asked = store.user(made.user_id).run(jobs.cancel, id=made.id)
    assert asked.status == JobStatus.RUNNING
    sweep(store)
    assert status(database, made) == "cancelled"


def test_the_sweep_cancels_what_a_silent_worker_was_asked_to_stop(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    store.user(made.user_id).run(jobs.cancel, id=made.id)
    let_leases_end(database)
    sweep(store)
    assert status(database, made) == "cancelled"


@pytest.mark.parametrize("before", ["completed", "failed"])
def test_what_has_ended_cannot_be_cancelled(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    with pytest.raises(TransitionRefused, match=f"has already {before}"):
        store.user(made.user_id).run(jobs.cancel, id=made.id)


def test_a_second_cancellation_says_what_the_first_said(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "cancelled")
    again = store.user(made.user_id).run(jobs.cancel, id=made.id, reason="Once more.")
    assert again.status == JobStatus.CANCELLED
    assert column(database, made, "cancel_reason") is None


@pytest.mark.parametrize("before", ["failed", "cancelled"])
def test_an_ended_job_is_tried_again_from_the_beginning(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    mine = store.user(made.user_id)
    assert mine.run(jobs.try_again, id=made.id).status == JobStatus.QUEUED
    found = mine.run(jobs.get, id=made.id)
    assert (found.failures, found.lost_leases, found.progress) == (0, 0, 0)
    assert found.completed_at is None
    assert found.cancel_requested_at is None
    assert found.error_class is None
    assert found.started_at is None


def test_a_completed_job_is_not_tried_again(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "completed")
    with pytest.raises(TransitionRefused, match="A completed job cannot be tried"):
        store.user(made.user_id).run(jobs.try_again, id=made.id)


def test_another_try_does_not_wait_for_the_last_back_off(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running", max_failures=1, backoff_s=86400)
    became = registered(store, "mac-1").run(
        jobs.fail, **made.key, attempt=1, error_class="crash"
    )
    assert became == JobStatus.FAILED
    found = store.user(made.user_id).run(jobs.try_again, id=made.id)
    assert found.status == JobStatus.QUEUED
    assert column(database, made, "due_at") is None


def test_another_try_outlives_the_time_of_the_first(
    database: Database, store: SyncStore
) -> None:
    made = job(database, auto_cancel_at=ago(hours=1))
    assert sweep(store) == {"cancelled by time": 1}
    assert status(database, made) == "cancelled"
    store.user(made.user_id).run(jobs.try_again, id=made.id)
    assert sweep(store) == {}
    assert status(database, made) == "queued"


def test_a_waiting_jobs_priority_changes_up_to_the_plans(
    database: Database, store: SyncStore
) -> None:
    plan_id = plans.make(database, max_priority=7)
    made = job(database, user_id=users.make(database, plan_id=plan_id))
    mine = store.user(made.user_id)
    mine.run(jobs.set_priority, id=made.id, priority=7)
    assert column(database, made, "priority") == 7
    with pytest.raises(QuotaExceeded, match="allows priorities up to 7; 8 was asked"):
        mine.run(jobs.set_priority, id=made.id, priority=8)
    with pytest.raises(Invalid, match="priority is 0 to 10"):
        mine.run(jobs.set_priority, id=made.id, priority=-1)


def test_a_bare_number_needs_no_cast_and_meets_the_rule(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    job(database, "running", user_id=made.user_id, held_by="mac-1")
    with store.user(made.user_id) as mine:
        mine.execute(b"select work.set_priority(id, 3) from render.jobs limit 1")
    for number in (11, 40_000, 2**31 - 1, -1, -40_000):
        with (
            pytest.raises(
                (Invalid, QuotaExceeded),
                match=r"priority is 0 to 10|allows priorities up to",
            ),
            store.user(made.user_id) as mine,
        ):
            mine.execute(
                f"select render.submit('/a', '/b', priority => {number})".encode()
            )
        with (
            pytest.raises(Invalid, match="progress is 0 to 100"),
            store.worker("mac-1") as here,
        ):
            here.execute(
                f"select work.heartbeat(user_id, id, attempt, {max(101, number)})"
                " from work.jobs".encode()
            )


@pytest.mark.parametrize("before", ["running", "completed", "failed", "cancelled"])
def test_only_a_waiting_jobs_priority_changes(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    with pytest.raises(Refused, match="Only a waiting job"):
        store.user(made.user_id).run(jobs.set_priority, id=made.id, priority=1)


def test_a_waiting_job_is_put_off_and_brought_back(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    mine = store.user(made.user_id)
    later = mine.run(jobs.set_due, id=made.id, due_at=ahead(hours=1))
    assert later.status == JobStatus.PENDING
    assert mine.run(jobs.set_due, id=made.id).status == JobStatus.QUEUED


@pytest.mark.parametrize("before", ["running", "completed", "failed", "cancelled"])
def test_only_a_waiting_job_is_put_off(
    database: Database, store: SyncStore, before: str
) -> None:
    made = job(database, before)
    with pytest.raises(Refused, match="Only a waiting job can be given another time"):
        store.user(made.user_id).run(jobs.set_due, id=made.id, due_at=ahead(hours=1))


def test_a_job_that_is_due_is_queued_by_the_sweep(
    database: Database, store: SyncStore
) -> None:
    made = job(database, due_at=ahead(hours=1))
    assert status(database, made) == "pending"
    let_back_offs_end(database)
    assert sweep(store) == {"became due": 1, "put in newly opened lanes": 1}
    assert status(database, made) == "queued"


def test_a_running_job_is_asked_to_stop_when_its_time_is_over(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running", auto_cancel_at=ago(minutes=1))
    assert sweep(store) == {"cancelled by time": 1}
    assert status(database, made) == "running"
    assert registered(store, "mac-1").run(jobs.heartbeat, **made.key, attempt=1)
    assert column(database, made, "cancel_reason") == "Its time was over."


def test_an_administrator_asks_for_everybodys_jobs(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    office = store.admin(reason=DBA)
    office.run(jobs.set_priority, id=made.id, priority=1)
    assert column(database, made, "priority") == 1
    assert office.run(jobs.cancel, id=made.id).status == JobStatus.CANCELLED
    assert office.run(jobs.try_again, id=made.id).status == JobStatus.QUEUED
    office.run(jobs.delete, id=made.id)
    assert look(database, "select * from work.jobs") == []


def test_a_stranger_asks_for_nothing(database: Database, store: SyncStore) -> None:
    made = job(database)
    stranger = store.user(users.make(database))
    asks: list[Callable[..., object]] = [
        jobs.cancel,
        jobs.try_again,
        jobs.get,
        jobs.set_due,
        jobs.set_auto_cancel,
        jobs.watch,
        jobs.delete,
    ]
    for ask in asks:
        with pytest.raises(NotFound):
            stranger.run(ask, id=made.id)
    with pytest.raises(NotAllowed, match="Only an administrator names another user"):
        stranger.run(jobs.cancel, id=made.id, user_id=made.user_id)
    assert status(database, made) == "queued"


@pytest.mark.parametrize("role", ["app", "auth", "worker", "admin", "readonly"])
def test_nobody_writes_jobs_or_their_line_by_hand(
    database: Database, role: str
) -> None:
    made = job(database, "running")
    bound = None if role == "admin" else made.user_id
    for table in (
        "work.jobs",
        "work.ready",
        "work.arrivals",
        "work.turns",
        "work.usages",
        "work.events",
        "work.logs",
        "work.dependencies",
        "work.leftovers",
        "work.reports",
        "work.lanes",
        "work.worker_lanes",
        "work.pauses",
        "work.user_pauses",
        "work.waits",
        "render.specs",
        "render.outputs",
    ):
        name = sql.Identifier(*table.split("."))
        for words in (
            "delete from {}",
            "insert into {} default values",
            "lock table {}",
        ):
            with (
                acting(database, role, bound, "worker:mac-1") as conn,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                conn.execute(sql.SQL(words).format(name))
        with (
            acting(database, role, bound, "worker:mac-1") as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(sql.SQL("select * from {} for key share").format(name))


def test_whoever_entered_no_scope_is_no_one(database: Database) -> None:
    made = job(database)
    with (
        psycopg.connect(database.admin_url) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="scope"),
    ):
        conn.execute("select work.cancel(%s)", [made.id])


def test_labels_are_sorted_and_without_doubles(
    database: Database, store: SyncStore
) -> None:
    made = job(database, labels=["gpu", "after-25", "gpu"])
    assert store.user(made.user_id).run(jobs.get, id=made.id).labels == [
        "after-25",
        "gpu",
    ]


def test_an_idempotency_key_is_one_owners(database: Database) -> None:
    made = job(database, idempotency_key="monday")
    job(database, idempotency_key="monday")
    with (
        psycopg.connect(database.admin_url) as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        conn.execute(
            "insert into work.jobs (user_id, kind, idempotency_key)"
            " values (%s, 'render', 'monday')",
            [made.user_id],
        )


def test_a_repeat_is_found_by_its_key(database: Database, store: SyncStore) -> None:
    made = job(database, idempotency_key="monday")
    mine = store.user(made.user_id)
    found = mine.run(jobs.find_by_idempotency_key, idempotency_key="monday")
    assert found is not None
    assert found.id == made.id
    assert mine.run(jobs.find_by_idempotency_key, idempotency_key="friday") is None


# A worker's word


def test_progress_never_falls_within_an_attempt(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    worker = registered(store, "mac-1")
    for said, kept in ((40, 40), (20, 40), (70, 70), (None, 70)):
        worker.run(jobs.heartbeat, **made.key, attempt=1, progress=said)
        assert column(database, made, "progress") == kept


def test_progress_begins_anew_with_an_attempt(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    worker = registered(store, "mac-1")
    worker.run(jobs.heartbeat, **made.key, attempt=1, progress=40)
    worker.run(jobs.release, **made.key, attempt=1)
    [again] = worker.run(jobs.claim, limit=5)
    assert (again.id, again.attempt) == (made.id, 2)
    assert column(database, made, "progress") == 0


@pytest.mark.parametrize("before", ["completed", "failed", "cancelled"])
def test_every_end_has_its_time(database: Database, before: str) -> None:
    assert column(database, job(database, before), "completed_at") is not None


def test_a_completed_job_is_done_to_the_last_percent(database: Database) -> None:
    assert column(database, job(database, "completed"), "progress") == 100


def test_a_failed_job_says_its_class(database: Database, store: SyncStore) -> None:
    made = job(database, "running", max_failures=1)
    registered(store, "mac-1").run(
        jobs.fail,
        **made.key,
        attempt=1,
        error_class="crash",
        error_message="Segmentation fault",
        exit_code=139,
    )
    found = store.user(made.user_id).run(jobs.get, id=made.id)
    assert found.status == JobStatus.FAILED
    assert (found.error_class, found.error_message, found.exit_code) == (
        "crash",
        "Segmentation fault",
        139,
    )


def test_a_failure_is_tried_again_after_a_back_off_that_doubles(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running", max_failures=3, backoff_s=100)
    worker = registered(store, "mac-1")
    for attempt, least, most in ((1, 50, 150), (2, 100, 300)):
        became = worker.run(jobs.fail, **made.key, attempt=attempt)
        assert became == JobStatus.PENDING
        [(wait,)] = look(
            database, "select extract(epoch from due_at - now())::float from work.jobs"
        )
        # The clock goes on between the failure and this look.
        assert wait <= most
        assert wait > least - 60
        let_back_offs_end(database)
        sweep(store)
        assert len(worker.run(jobs.claim, limit=1)) == 1
    assert worker.run(jobs.fail, **made.key, attempt=3) == JobStatus.FAILED


def test_a_class_that_is_not_retried_fails_at_once(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running", max_failures=9)
    became = registered(store, "mac-1").run(
        jobs.fail, **made.key, attempt=1, error_class="missing"
    )
    assert became == JobStatus.FAILED


def test_a_job_fails_when_its_leases_were_lost_too_often(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    for _ in range(5):
        assert len(registered(store, "mac-1").run(jobs.claim, limit=1)) == 1
        let_leases_end(database)
        assert sweep(store) == {"leases lost": 1}
    found = store.user(made.user_id).run(jobs.get, id=made.id)
    assert (found.status, found.error_class) == (JobStatus.FAILED, "lost")
    assert (found.failures, found.lost_leases) == (0, 5)


def report_as(
    store: SyncStore, name: str, made: Job, attempt: int
) -> list[type[Exception] | None]:
    """How each report of this worker with this attempt ends."""
    found: list[type[Exception] | None] = []
    reports: list[Callable[..., object]] = [
        jobs.heartbeat,
        jobs.finish,
        jobs.fail,
        jobs.stop,
        jobs.release,
    ]
    for report in reports:
        try:
            registered(store, name).run(report, **made.key, attempt=attempt)
            found.append(None)
        except Refused as error:
            found.append(type(error))
    return found


def test_a_report_without_the_lease_is_refused(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    assert report_as(store, "mac-2", made, 1) == [LeaseLost] * 5
    assert report_as(store, "mac-1", made, 0) == [LeaseLost] * 5
    assert report_as(store, "mac-1", made, 2) == [LeaseLost] * 5
    assert status(database, made) == "running"


def test_a_batch_names_what_it_refused(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    held = [job(database, "running", user_id=user_id) for _ in range(2)]
    lost = job(database, "running", user_id=user_id, held_by="mac-2")
    worker = registered(store, "mac-1")
    every = [*held, lost]
    keys: dict[str, Any] = {
        "user_ids": [user_id] * 3,
        "ids": [one.id for one in every],
        "attempts": [1, 1, 1],
    }
    beats = worker.run(jobs.heartbeat_many, **keys, progresses=[5, 6, 7])
    assert {beat.id for beat in beats} == {one.id for one in held}
    refused = worker.run(jobs.finish_many, **keys)
    assert [one.id for one in refused] == [lost.id]
    assert [status(database, one) for one in every] == [
        "completed",
        "completed",
        "running",
    ]


def test_a_worker_deletes_no_job(database: Database, store: SyncStore) -> None:
    made = job(database, "completed")
    with pytest.raises(NotAllowed):
        registered(store, "mac-1").run(jobs.delete, id=made.id)


def test_a_worker_sees_what_it_holds_and_the_keys_of_what_waits(
    database: Database,
) -> None:
    held = job(database, "running", held_by="mac-7")
    job(database, "running", held_by="mac-8")
    waiting = job(database)
    # Its lane is open once somebody looked.
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select work.open_lanes()")
    with acting(database, "worker", actor="worker:mac-7") as conn:
        assert conn.execute("select id from work.jobs").fetchall() == [(held.id,)]
        assert conn.execute("select job_id from work.ready").fetchall() == [
            (waiting.id,)
        ]
        assert conn.execute("select job_id from render.specs").fetchall() == [
            (held.id,)
        ]


def test_a_job_is_looked_at_before_it_is_queued(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    made = store.user(user_id).run(
        renders.submit,
        output_path="/a.mov",
        project_path="/a.aep",
        validate_first=True,
    )
    worker = registered(store, "mac-1")
    assert worker.run(jobs.claim, limit=1) == []
    [held] = worker.run(jobs.validate, limit=5)
    assert (held.id, held.attempt) == (made.id, 1)
    assert worker.run(jobs.validate, limit=5) == []
    assert worker.run(jobs.heartbeat, **Job(user_id, made.id).key, attempt=1) is False
    became = worker.run(jobs.accept, **Job(user_id, made.id).key, attempt=1)
    assert became == JobStatus.QUEUED
    [claimed] = worker.run(jobs.claim, limit=1)
    assert (claimed.id, claimed.attempt) == (made.id, 2)
    with pytest.raises(TransitionRefused, match="Only a job that is validated"):
        worker.run(jobs.accept, **Job(user_id, made.id).key, attempt=2)


def test_a_job_that_is_not_valid_fails_and_one_that_is_given_back_is_looked_at_again(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    worker = registered(store, "mac-1")
    keys: list[Job] = []
    for _ in range(3):
        made = store.user(user_id).run(
            renders.submit,
            output_path="/a.mov",
            project_path="/a.aep",
            validate_first=True,
        )
        keys.append(Job(user_id, made.id))
    assert len(worker.run(jobs.validate, limit=3)) == 3
    wrong, returned, silent = keys
    worker.run(jobs.fail, **wrong.key, attempt=1, error_class="invalid")
    worker.run(jobs.release, **returned.key, attempt=1)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 second'"
            " where id = %s",
            [silent.id],
        )
    assert sweep(store) == {"leases lost": 1}
    assert [status(database, each) for each in keys] == [
        "failed",
        "pending",
        "pending",
    ]
    again = worker.run(jobs.validate, limit=3)
    assert {each.id for each in again} == {returned.id, silent.id}


# A user's end


def test_a_deactivated_users_jobs_are_not_handed_out_and_end_with_the_sweep(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    waiting = [
        job(database, before, user_id=user_id) for before in ("pending", "queued")
    ]
    running = [
        job(database, before, user_id=user_id) for before in ("validating", "running")
    ]
    unchecked = store.user(user_id).run(
        renders.submit,
        output_path="/a.mov",
        project_path="/a.aep",
        validate_first=True,
    )
    waiting.append(Job(user_id, unchecked.id))
    done = job(database, "completed", user_id=user_id)
    other = job(database)
    with acting(database, "admin", actor="dba:x") as conn:
        conn.execute(
            "update identity.users set status = 'deactivated' where id = %s", [user_id]
        )
    worker = registered(store, "mac-9")
    assert [each.id for each in worker.run(jobs.claim, limit=9)] == [other.id]
    assert worker.run(jobs.validate, limit=9) == []
    assert sweep(store) == {"cancelled with their user": 5}
    assert [status(database, one) for one in waiting] == ["cancelled"] * 3
    assert [status(database, one) for one in (*running, done)] == [
        "validating",
        "running",
        "completed",
    ]
    for each in running:
        assert registered(store, "mac-1").run(jobs.heartbeat, **each.key, attempt=1)
    assert column(database, waiting[0], "cancel_reason") == "The user was deactivated."


def test_an_erased_user_leaves_nothing_in_the_queue(database: Database) -> None:
    user_id = users.make(database)
    first = job(database, user_id=user_id)
    job(database, user_id=user_id, needs=[first])
    job(database, "failed", user_id=user_id)
    with acting(database, "admin", actor="dba:x") as conn:
        conn.execute("delete from identity.users where id = %s", [user_id])
    for table in ("jobs", "events", "dependencies", "ready", "turns", "usages"):
        assert look(database, f"select * from work.{table}") == []
    assert look(database, "select * from render.specs") == []


# Submitted under conditions


@pytest.mark.parametrize(
    ("column_", "value", "sentence"),
    [
        ("priority", 11, "priority is 0 to 10"),
        ("max_failures", 0, "may fail 1 to 100 times"),
        ("max_failures", 101, "may fail 1 to 100 times"),
        ("backoff_s", 0, "1 second to a day"),
        ("estimated_s", 0, "number of seconds above 0"),
        ("labels", [str(number) for number in range(21)], "at most 20 labels"),
        ("idempotency_key", "", "1 to 255 characters"),
        ("idempotency_key", "x" * 256, "1 to 255 characters"),
        ("due_at", "infinity", "between 1970 and 9999"),
        ("due_at", "20000-01-01", "between 1970 and 9999"),
        ("auto_cancel_at", "0300-01-01", "between 1970 and 9999"),
    ],
)
def test_a_job_that_is_wrong_hears_why(
    database: Database, column_: str, value: object, sentence: str
) -> None:
    offer(database, value)
    said = refusal(
        database,
        users.make(database),
        sql.SQL(
            "insert into render.jobs (project_path, output_path, {})"
            " values ('/a.aep', '/a.mov', {})"
        ).format(sql.Identifier(column_), value),
    )
    assert sentence in said


def test_nobody_submits_for_somebody_else(database: Database) -> None:
    victim, thief = users.make(database), users.make(database)
    said = refusal(
        database,
        thief,
        sql.SQL(
            "insert into render.jobs (user_id, project_path, output_path)"
            " values ({}, '/a.aep', '/a.mov')"
        ).format(victim),
    )
    assert said == "NotAllowed: Only an administrator names another user."


def test_a_label_that_nobody_offered_is_refused_with_those_there_are(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    registered(store, "mac-1", ["gpu", "ae"])
    with pytest.raises(
        LabelUnknown, match=r"offered the label typo\. There are: ae, gpu\."
    ):
        mine.run(
            renders.submit,
            output_path="/a.mov",
            project_path="/a.aep",
            labels=["gpu", "typo"],
        )
    store.admin(reason=DBA).run(labels.declare, name="typo", meaning="Declared.")
    mine.run(
        renders.submit,
        output_path="/a.mov",
        project_path="/a.aep",
        labels=["gpu", "typo"],
    )


def test_a_worker_that_never_registered_is_told_so(store: SyncStore) -> None:
    with pytest.raises(WorkerUnknown, match="mac-1 is not registered"):
        store.worker("mac-1").run(jobs.claim, limit=1)
    with pytest.raises(WorkerUnknown, match="mac-1 is not registered"):
        store.worker("mac-1").run(jobs.validate, limit=1)


def test_a_lease_and_a_batch_have_limits(database: Database, store: SyncStore) -> None:
    worker = registered(store, "mac-1")
    made = job(database)
    for lease in (timedelta(0), timedelta(days=2)):
        with pytest.raises(Invalid, match="A lease is 1 second to a day"):
            worker.run(jobs.claim, limit=1, lease=lease)
    for limit in (-1, 10001):
        for claims in (jobs.claim, jobs.validate):
            with pytest.raises(Invalid, match="One call takes 0 to 10000 rows"):
                worker.run(claims, limit=limit)
    many = [uuid4() for _ in range(10001)]
    firsts = [1] * len(many)
    with pytest.raises(Invalid, match="One call takes 0 to 10000 rows"):
        worker.run(jobs.heartbeat_many, user_ids=many, ids=many, attempts=firsts)
    with pytest.raises(Invalid, match="One call takes 0 to 10000 rows"):
        worker.run(jobs.finish_many, user_ids=many, ids=many, attempts=firsts)
    with pytest.raises(Invalid, match="One call takes 0 to 10000 rows"):
        worker.run(
            jobs.finish_and_claim, user_ids=many, ids=many, attempts=firsts, limit=0
        )
    with pytest.raises(Invalid, match="One call takes 0 to 10000 rows"):
        store.user(made.user_id).run(jobs.link, id=made.id, needs_job_ids=many)


def test_a_claim_lasts_as_long_as_was_asked(
    database: Database, store: SyncStore
) -> None:
    job(database)
    [claimed] = registered(store, "mac-1").run(
        jobs.claim, limit=1, lease=timedelta(hours=5)
    )
    assert claimed.lease_expires_at > ahead(hours=4)


def test_jobs_are_counted_and_listed_by_status(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    made = {
        each: [job(database, each, user_id=user_id).id for _ in range(1 + nth % 2)]
        for nth, each in enumerate(JobStatus)
    }
    job(database)  # somebody else's
    counted = [(one.status, one.jobs) for one in mine.run(jobs.count_by_status)]
    assert counted == [(each, len(ids)) for each, ids in made.items()]
    for each, ids in made.items():
        found = mine.run(jobs.list, status=each, page_size=99)
        assert [one.id for one in found] == ids[::-1], each
        assert {one.status for one in found} == {each}
