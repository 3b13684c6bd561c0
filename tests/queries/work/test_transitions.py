"""work.transitions: which status may follow which, whoever asks and by whatever door."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import product

import psycopg
import pytest
from psycopg import sql
from tests.factories import Conn, Job, acting, job, look, registered, status, users

from renderstore.errors import Error
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import JobStatus, jobs

PAIRS = [
    (before.value, after.value)
    for before, after in product(JobStatus, JobStatus)
    if before != after
]
REFUSED = "RS005"
LOST = "RS008"

# What a plain update must say beside, for the row to be whole.
WHOLE = sql.SQL(
    """
    update work.jobs
    set
        status = {after},
        held_by = case when {after} in ('running', 'validating') then 'mac-1' end,
        lease_expires_at = case
            when {after} in ('running', 'validating') then now() + interval '1 hour'
        end,
        completed_at = case
            when {after} in ('completed', 'failed', 'cancelled') then now()
        end,
        error_class = 'crash'
    where id = {id}
    returning status::text
    """
)


def outcome(conn: Conn, made: Job, after: str) -> str:
    """What becomes of a plain update of the status."""
    try:
        with conn.transaction(force_rollback=True):
            row = conn.execute(WHOLE.format(after=after, id=made.id)).fetchone()
    except psycopg.Error as error:
        return error.sqlstate or "?"
    assert row is not None
    return str(row[0])


def permitted(database: Database) -> set[tuple[str, str]]:
    """What the table says."""
    return set(look(database, "select before::text, after::text from work.transitions"))


def as_owner(database: Database) -> AbstractContextManager[Conn]:
    """The login that migrates, as the role that owns every object."""
    return psycopg.connect(database.owner_url, options="-c role=renderstore_owner")


def as_dba(database: Database) -> AbstractContextManager[Conn]:
    """Whoever made the database."""
    return psycopg.connect(database.admin_url)


def test_the_table_says_what_the_guard_says(database: Database) -> None:
    said = look(
        database,
        "select b::text, a::text from unnest(enum_range(null::work.job_status)) as b,"
        " unnest(enum_range(null::work.job_status)) as a where work.may_become(b, a)",
    )
    assert set(said) == permitted(database)


@pytest.mark.parametrize("enter", [as_owner, as_dba])
def test_the_guard_refuses_what_is_no_transition_whoever_repairs_a_row(
    database: Database, enter: object
) -> None:
    user_id = users.make(database)
    made = {
        before.value: job(database, before.value, user_id=user_id)
        for before in JobStatus
    }
    # What a render has completed is so for good; tests/queries/media has what a download may.
    legal = {pair for pair in permitted(database) if pair[0] != "completed"}
    with as_owner(database) if enter is as_owner else as_dba(database) as conn:
        found = {
            (before, after): outcome(conn, made[before], after)
            for before, after in PAIRS
        }
    assert found == {pair: pair[1] if pair in legal else REFUSED for pair in PAIRS}


# What each door makes of a job in each status: of those that are not named, nothing.
USERS = {
    "cancel": {
        "pending": "cancelled",
        "validating": "validating",
        "queued": "cancelled",
        "running": "running",
        "cancelled": "cancelled",
    },
    "try_again": {"failed": "queued", "cancelled": "queued"},
    "set_due": {"pending": "queued", "validating": "validating", "queued": "queued"},
    "set_priority": {
        "pending": "pending",
        "validating": "validating",
        "queued": "queued",
    },
}
WORKERS = {
    "finish": {"running": "completed"},
    "fail": {"running": "pending", "validating": "pending"},
    "stop": {"running": "cancelled", "validating": "cancelled"},
    "release": {"running": "queued", "validating": "pending"},
    "accept": {"validating": "queued"},
}


@pytest.mark.parametrize("before", [each.value for each in JobStatus])
@pytest.mark.parametrize("door", USERS)
def test_a_users_doors_make_the_transitions_that_are_a_users(
    database: Database, store: SyncStore, door: str, before: str
) -> None:
    made = job(database, before)
    mine = store.user(made.user_id)
    words = {"priority": 5} if door == "set_priority" else {}
    expected = USERS[door].get(before)
    if expected is None:
        with pytest.raises(Error) as caught:
            mine.run(getattr(jobs, door), id=made.id, **words)
        assert caught.value.sqlstate == REFUSED
        assert status(database, made) == before
    else:
        changed = mine.run(getattr(jobs, door), id=made.id, **words)
        assert changed.status == expected
        assert status(database, made) == expected


@pytest.mark.parametrize("before", [each.value for each in JobStatus])
@pytest.mark.parametrize("door", WORKERS)
def test_a_workers_doors_make_the_transitions_that_are_a_workers(
    database: Database, store: SyncStore, door: str, before: str
) -> None:
    made = job(database, before, held_by="mac-1")
    attempt = look(database, "select attempt from work.jobs")[0][0]
    expected = WORKERS[door].get(before)
    worker = registered(store, "mac-1")
    if expected is None:
        with pytest.raises(Error) as caught:
            worker.run(getattr(jobs, door), **made.key, attempt=attempt)
        assert caught.value.sqlstate in {REFUSED, LOST}
        assert status(database, made) == before
    else:
        worker.run(getattr(jobs, door), **made.key, attempt=attempt)
        assert status(database, made) == expected


@pytest.mark.parametrize("role", ["auth", "readonly", "worker"])
def test_other_roles_ask_nothing(database: Database, role: str) -> None:
    made = job(database)
    with (
        acting(database, role, made.user_id, "x:y") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("select work.cancel(%s)", [made.id])
