"""work.events and work.history: what happened to jobs, and who did it."""

from __future__ import annotations

from time import sleep
from uuid import UUID

import psycopg
import pytest
from tests.factories import Job, acting, job, look, registered, users

from renderstore.errors import NotAllowed, translate
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import area, events, jobs

DBA = "the tests' DBA"


def history(store: SyncStore, made: Job) -> list[tuple[str, str, int, str]]:
    """What happened to a job, as its owner reads it."""
    return [
        (event.before.value, event.after.value, event.attempt, event.actor)
        for event in store.user(made.user_id).run(jobs.list_events, id=made.id)
    ]


def test_each_transition_is_in_the_history_with_who_made_it(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    owner, worker = f"user:{made.user_id}", "worker:mac-1"
    farm, mine = registered(store, "mac-1"), store.user(made.user_id)
    farm.run(jobs.claim, limit=1)
    farm.run(jobs.release, **made.key, attempt=1)
    farm.run(jobs.claim, limit=1)
    farm.run(jobs.fail, **made.key, attempt=2, error_class="missing")
    mine.run(jobs.try_again, id=made.id)
    mine.run(jobs.cancel, id=made.id, reason="Enough.")
    store.admin(reason=DBA).run(jobs.try_again, id=made.id)
    farm.run(jobs.claim, limit=1)
    assert history(store, made) == [
        ("queued", "running", 1, worker),
        ("running", "queued", 1, worker),
        ("queued", "running", 2, worker),
        ("running", "failed", 2, worker),
        ("failed", "queued", 2, owner),
        ("queued", "cancelled", 2, owner),
        ("cancelled", "queued", 2, f"dba:{DBA}"),
        ("queued", "running", 3, worker),
    ]


def test_what_time_does_is_the_sweeps(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    silent = job(database, "running", user_id=user_id)
    late = job(database, user_id=user_id, auto_cancel_at="2000-01-01Z")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 second'"
            " where status = 'running'"
        )
    with registered(store, "mac-2") as conn:
        area.sweep(conn, max_rows=10)
        # The rest of the transaction is the worker's own again.
        [taken] = jobs.claim(conn, limit=1)
        jobs.release(conn, **silent.key, attempt=taken.attempt)
    assert history(store, late) == [("queued", "cancelled", 0, "sweep")]
    assert history(store, silent) == [
        ("queued", "running", 1, "worker:mac-1"),
        ("running", "queued", 1, "sweep"),
        ("queued", "running", 2, "worker:mac-2"),
        ("running", "queued", 2, "worker:mac-2"),
    ]


def test_an_administrator_who_is_a_user_is_named(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    admin_id = users.make(database, role="admin")
    store.admin(admin_id).run(jobs.cancel, id=made.id)
    assert history(store, made) == [("queued", "cancelled", 0, f"admin:{admin_id}")]


def test_a_tokens_run_is_the_tokens(database: Database, store: SyncStore) -> None:
    made = job(database)
    token = "token:01234567"
    with acting(database, "worker", actor=token) as conn:
        conn.execute("select work.register('{render}')")
        conn.execute("select from work.claim(1)")
        conn.execute("select work.finish(%s, %s, 1)", [made.user_id, made.id])
    assert history(store, made) == [
        ("queued", "running", 1, token),
        ("running", "completed", 1, token),
    ]


def test_a_login_outside_a_scope_is_named(database: Database, store: SyncStore) -> None:
    made = job(database)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set role renderstore_admin")
        conn.execute("select work.cancel(%s)", [made.id])
        login = conn.info.user
    assert history(store, made) == [("queued", "cancelled", 0, f"login:{login}")]


def test_an_event_says_why(database: Database, store: SyncStore) -> None:
    made = job(database)
    farm, mine = registered(store, "mac-1"), store.user(made.user_id)
    farm.run(jobs.claim, limit=1)
    farm.run(
        jobs.fail,
        **made.key,
        attempt=1,
        error_class="missing",
        error_message="No footage",
    )
    mine.run(jobs.try_again, id=made.id)
    mine.run(jobs.cancel, id=made.id, reason="Enough.")
    said = [
        (event.after.value, event.error_class, event.reason)
        for event in mine.run(jobs.list_events, id=made.id)
    ]
    assert said == [
        ("running", None, None),
        ("failed", "missing", "No footage"),
        ("queued", None, None),
        ("cancelled", None, "Enough."),
    ]


def test_what_failed_before_is_no_reason_for_what_comes_after(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    farm, mine = registered(store, "mac-1"), store.user(made.user_id)
    farm.run(jobs.claim, limit=1)
    farm.run(
        jobs.fail, **made.key, attempt=1, error_class="crash", error_message="Bang"
    )
    mine.run(jobs.set_due, id=made.id)
    farm.run(jobs.claim, limit=1)
    farm.run(jobs.finish, **made.key, attempt=2)
    said = [
        (event.after.value, event.error_class, event.reason)
        for event in mine.run(jobs.list_events, id=made.id)
    ]
    assert said == [
        ("running", None, None),
        ("pending", "crash", "Bang"),
        ("queued", None, None),
        ("running", None, None),
        ("completed", None, None),
    ]


def test_many_changes_in_one_transaction_keep_their_order(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    with store.user(made.user_id) as conn:
        for _ in range(3):
            jobs.cancel(conn, id=made.id)
            jobs.try_again(conn, id=made.id)
    assert [step[:2] for step in history(store, made)] == [
        ("queued", "cancelled"),
        ("cancelled", "queued"),
    ] * 3


def test_events_are_read_on_from_a_position(
    database: Database, store: SyncStore
) -> None:
    made = job(database)
    mine = store.user(made.user_id)
    for ask in (jobs.cancel, jobs.try_again, jobs.cancel):
        mine.run(ask, id=made.id)
    # An event is shown once nothing before it can still come, whoever else is busy here.
    while len(mine.run(events.list_after, after_id=0, page_size=9)) < 3:
        sleep(0.1)
    first = mine.run(events.list_after, after_id=0, page_size=2)
    rest = mine.run(events.list_after, after_id=first[-1].id, page_size=9)
    assert [event.after.value for event in first + rest] == [
        "cancelled",
        "queued",
        "cancelled",
    ]


def refused(database: Database, url: str, role: str | None, change: str) -> None:
    """Nobody may do this to the history."""
    with psycopg.connect(url) as conn:
        if role is not None:
            conn.execute(
                "select identity.bind(%s, null, 'x:y')", [f"renderstore_{role}"]
            )
        with pytest.raises(psycopg.Error) as caught:
            conn.execute(change.encode())
    assert isinstance(translate(caught.value), NotAllowed)
    assert look(database, "select reason from work.events") == [(None,)]


@pytest.mark.parametrize(
    "change",
    [
        "update work.events set reason = 'another'",
        "delete from work.events",
        "truncate work.events",
    ],
)
def test_the_history_is_append_only_for_every_role(
    database: Database, change: str
) -> None:
    job(database, "cancelled")
    for role in ("app", "auth", "worker", "admin", "readonly"):
        refused(database, database.url, role, change)
    refused(database, database.admin_url, None, change)
    with (
        psycopg.connect(
            database.owner_url, options="-c role=renderstore_owner"
        ) as conn,
        pytest.raises(psycopg.Error),
    ):
        conn.execute(change.encode())


def test_nobody_writes_an_event(database: Database) -> None:
    made = job(database)
    for role in ("app", "worker", "admin"):
        with (
            acting(
                database, role, made.user_id if role == "app" else None, "x:y"
            ) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(
                "insert into work.events (user_id, job_id, attempt, before, after, actor)"
                " values (%s, %s, 0, 'queued', 'cancelled', 'me')",
                [made.user_id, made.id],
            )


def test_a_history_goes_with_its_job(database: Database, store: SyncStore) -> None:
    made = job(database, "cancelled")
    store.user(made.user_id).run(jobs.delete, id=made.id)
    assert look(database, "select * from work.events") == []


def test_a_stranger_reads_no_history(database: Database, store: SyncStore) -> None:
    made = job(database, "cancelled")
    stranger = store.user(users.make(database))
    assert stranger.run(jobs.list_events, id=made.id) == []
    assert stranger.run(events.list_after, after_id=0, page_size=9) == []
    nobody = UUID(int=0)
    assert store.user(nobody).run(jobs.list_events, id=made.id) == []
