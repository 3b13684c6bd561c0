"""work.transitions: which status may follow which, for whom, by plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.factories import Conn, Job, acting, job, look, users

from renderstore.testing import Database
from renderstore.work import JobStatus

WAITING = {"pending", "validating", "queued"}
ENDED = {"completed", "failed", "cancelled"}
PAIRS = [
    (before.value, after.value)
    for before, after in product(JobStatus, JobStatus)
    if before != after
]

REFUSED = "RS005"
NOT_THEIRS = "RS006"
NOT_HELD = "42501"
UNSEEN = "no row"

Rule = Callable[[str, str], str]
"""What becomes of a permitted transition for a role: a status, or how it is refused."""


def a_user(before: str, after: str) -> str:
    """A user may only ask."""
    if after == "cancelled":
        return "running" if before == "running" else after
    asks_again = before in {"failed", "cancelled"}
    waits = {before, after} == {"pending", "queued"}
    return after if asks_again or waits else NOT_THEIRS


def an_administrator(before: str, after: str) -> str:
    """An administrator does everything but a worker's claim."""
    if after == "running":
        return NOT_THEIRS
    return the_owner(before, after)


def the_owner(before: str, after: str) -> str:
    """Nobody ends a run over its holder's head."""
    return "running" if (before, after) == ("running", "cancelled") else after


def a_worker(before: str, after: str) -> str:
    """A worker takes what waits, and says what becomes of it."""
    if before in {"pending", "queued"} and after not in {"validating", "running"}:
        return NOT_HELD
    return after


def another_worker(before: str, after: str) -> str:
    """A worker cannot touch what another one holds."""
    return UNSEEN if before == "running" else a_worker(before, after)


def outcome(conn: Conn, made: Job, after: str) -> str:
    """What becomes of a plain update of the status."""
    # pending and queued are what a job's time says.
    due = {
        "pending": sql.SQL(", due_at = now() + interval '1 hour'"),
        "queued": sql.SQL(", due_at = null"),
    }
    statement = sql.SQL(
        "update work.jobs set status = {after}{due} where id = {id} returning status::text"
    ).format(after=after, due=due.get(after, sql.SQL("")), id=made.id)
    try:
        with conn.transaction(force_rollback=True):
            row = conn.execute(statement).fetchone()
    except psycopg.Error as error:
        return error.sqlstate or "?"
    return UNSEEN if row is None else str(row[0])


def permitted(database: Database) -> set[tuple[str, str]]:
    """What the table says."""
    return set(look(database, "select before::text, after::text from work.transitions"))


def scope(
    role: str, actor: str = ""
) -> Callable[[Database, UUID], AbstractContextManager[Conn]]:
    """Enters a group role for a user."""
    return lambda database, user_id: acting(
        database, role, user_id if role == "app" else None, actor
    )


def as_owner(database: Database, _: UUID) -> AbstractContextManager[Conn]:
    """The login that migrates, as the role that owns every object."""
    return psycopg.connect(database.owner_url, options="-c role=renderstore_owner")


def as_dba(database: Database, _: UUID) -> AbstractContextManager[Conn]:
    """Whoever made the database."""
    return psycopg.connect(database.admin_url)


def test_the_table_says_what_the_guard_says(database: Database) -> None:
    said = look(
        database,
        "select b::text, a::text from unnest(enum_range(null::work.job_status)) as b,"
        " unnest(enum_range(null::work.job_status)) as a where work.may_become(b, a)",
    )
    assert set(said) == permitted(database)


@pytest.mark.parametrize(
    ("enter", "rule", "unseen"),
    [
        pytest.param(scope("app"), a_user, set[str](), id="user"),
        pytest.param(scope("admin", "dba:x"), an_administrator, set[str](), id="admin"),
        pytest.param(as_owner, the_owner, set[str](), id="owner"),
        pytest.param(as_dba, the_owner, set[str](), id="dba"),
        pytest.param(scope("worker", "worker:mac-1"), a_worker, ENDED, id="holder"),
        pytest.param(
            scope("worker", "worker:mac-2"), another_worker, ENDED, id="other worker"
        ),
    ],
)
def test_each_role_makes_the_transitions_that_are_its_own(
    database: Database,
    enter: Callable[[Database, UUID], AbstractContextManager[Conn]],
    rule: Rule,
    unseen: set[str],
) -> None:
    user_id = users.make(database)
    made = {
        before.value: job(database, before.value, user_id=user_id)
        for before in JobStatus
    }
    legal = permitted(database)
    expected = {
        (before, after): UNSEEN
        if before in unseen or rule(before, after) == UNSEEN
        else rule(before, after)
        if (before, after) in legal
        else REFUSED
        for before, after in PAIRS
    }
    with enter(database, user_id) as conn:
        found = {
            (before, after): outcome(conn, made[before], after)
            for before, after in PAIRS
        }
    assert found == expected


@pytest.mark.parametrize("role", ["auth", "readonly"])
def test_other_roles_change_no_job(database: Database, role: str) -> None:
    made = job(database)
    with acting(database, role) as conn:
        assert outcome(conn, made, "cancelled") == "42501"


def test_a_stranger_sees_no_job(database: Database) -> None:
    made = job(database)
    with acting(database, "app", users.make(database)) as conn:
        assert outcome(conn, made, "cancelled") == UNSEEN


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_new_job_is_queued_or_pending(database: Database, status: JobStatus) -> None:
    user_id = users.make(database)
    with acting(database, "app", user_id) as conn:
        try:
            row = conn.execute(
                "insert into work.jobs (user_id, kind, status)"
                " values (%s, 'render', %s) returning status::text",
                [user_id, status.value],
            ).fetchone()
            found = str(row and row[0])
        except psycopg.Error as error:
            found = str(error.sqlstate)
        conn.rollback()
    # Nothing holds it back, so it need not wait.
    may_begin = status in {JobStatus.QUEUED, JobStatus.PENDING}
    assert found == ("queued" if may_begin else REFUSED)
