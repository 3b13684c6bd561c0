"""The doors of the queue that a generic attempt does not reach: functions, views, links, leases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look, registered, users
from tests.factories import job as make

from renderstore import errors, render
from renderstore.store import SyncStore
from renderstore.testing import Database

from .catalog import ROLES
from .world import REFUSED, login

NO_JOB = "P0002"
NO_WORKER = "RS006"
LOST = "RS008"

# What a user asks of a job. %(owner)s is null for the own jobs.
ASKED: Mapping[str, LiteralString] = {
    "work.cancel": "select work.cancel(%(id)s, 'no', %(owner)s)",
    "work.try_again": "select work.try_again(%(id)s, %(owner)s)",
    "work.set_priority": "select work.set_priority(%(id)s, 1, %(owner)s)",
    "work.set_due": "select work.set_due(%(id)s, now() + interval '1 day', %(owner)s)",
    "work.set_auto_cancel": "select work.set_auto_cancel(%(id)s, now(), %(owner)s)",
    "work.watch": "select work.watch(%(id)s, %(owner)s)",
    "work.link": "select work.link(%(id)s, array[%(id)s], 'wait', %(owner)s)",
    "work.unlink": "select work.unlink(%(id)s, array[%(id)s], %(owner)s)",
    "work.delete": "select work.delete(%(id)s, %(owner)s)",
    "render.set_names": "select render.set_names(%(id)s, 'mine', 'mine', %(owner)s)",
}
SUBMITTED: Mapping[str, LiteralString] = {
    "render.submit": (
        "select render.submit('/spot.mov', project_path => '/spot.aep', user_id => %(owner)s)"
    ),
    "render.submit_many": (
        "select render.submit_many(array['/spot.mov'], project_paths => array['/spot.aep'],"
        " user_id => %(owner)s)"
    ),
}
# What only who holds a job says of it.
REPORTED: Mapping[str, LiteralString] = {
    "work.heartbeat": "select work.heartbeat(%(user)s, %(id)s, %(attempt)s)",
    "work.append_log": "select work.append_log(%(user)s, %(id)s, %(attempt)s, 'mine')",
    "work.finish": "select work.finish(%(user)s, %(id)s, %(attempt)s)",
    "work.accept": "select work.accept(%(user)s, %(id)s, %(attempt)s)",
    "work.fail": "select work.fail(%(user)s, %(id)s, %(attempt)s, 'crash')",
    "work.stop": "select work.stop(%(user)s, %(id)s, %(attempt)s)",
    "work.release": "select work.release(%(user)s, %(id)s, %(attempt)s)",
    "work.report": "select work.report(%(user)s, %(id)s, %(attempt)s, 'failed', 'crash')",
    "render.finish": (
        "select render.finish(%(user)s, %(id)s, %(attempt)s, array['/mine.mov'])"
    ),
}
# The same for many at once: a row for each job that is not held.
REPORTED_OF_MANY: Mapping[str, LiteralString] = {
    "work.finish_many": (
        "select * from work.finish_many(array[%(user)s], array[%(id)s], array[%(attempt)s])"
    ),
    "work.complete_held": (
        "select %(user)s, %(id)s, %(attempt)s from unnest("
        "work.complete_held(array[%(user)s], array[%(id)s], array[%(attempt)s]))"
    ),
}
# What a worker asks for itself.
OFFERED: Mapping[str, LiteralString] = {
    "work.register": "select work.register(array['render']::work.job_kind[])",
    "work.claim": "select work.claim(1)",
    "render.claim": "select render.claim(1)",
    "work.validate": "select work.validate(1)",
    "work.heartbeat_many": (
        "select work.heartbeat_many(array[%(user)s], array[%(id)s], array[%(attempt)s])"
    ),
    "work.finish_and_claim": (
        "select work.finish_and_claim(array[%(user)s], array[%(id)s], array[%(attempt)s])"
    ),
    "work.await_jobs": "select work.await_jobs()",
    "work.stop_waiting": "select work.stop_waiting()",
}
# What an administrator alone does.
ADMINISTERED: Mapping[str, LiteralString] = {
    "work.pause": "select work.pause('gpu')",
    "work.resume": "select work.resume('gpu')",
    "work.pause_user": "select work.pause_user(%(user)s)",
    "work.resume_user": "select work.resume_user(%(user)s)",
    "work.mend": "select work.mend()",
}
# What asks nobody's name, because it does the same for everybody.
UPKEEP = frozenset(
    {
        "ops.sweep",
        "work.clear_ended_jobs",
        "work.refuse_lost_lease",
        "work.sweep",
        "work.wake_waiting",
    }
)
# What touches no job, but files, notices, services, limits and health: expectations.py says who may call it.
OF_OPS = frozenset(
    {
        "ops.applied_migrations",
        "ops.claim_notices",
        "ops.claim_removals",
        "ops.confirm_notices",
        "ops.confirm_removals",
        "ops.fail_notice",
        "ops.fail_removal",
        "ops.import_rows",
        "ops.list_service_secrets",
        "ops.measure_farm",
        "ops.queue_stray",
        "ops.read_notices",
        "ops.record_check",
        "ops.replace_service_secret",
        "ops.service_secret",
        "ops.set_service_secret",
        "ops.take",
    }
)
DOORS: Mapping[str, LiteralString] = {
    **ASKED,
    **SUBMITTED,
    **REPORTED,
    **REPORTED_OF_MANY,
    **OFFERED,
    **ADMINISTERED,
}

# Nobody writes these by hand, not even what is the own.
WRITTEN: tuple[LiteralString, ...] = (
    "insert into work.jobs (user_id, kind) values (%(user)s, 'render')",
    "update work.jobs set status = 'cancelled' where id = %(id)s",
    "update work.jobs set priority = 1 where id = %(id)s",
    "update work.jobs set held_by = null where id = %(id)s",
    "delete from work.jobs where id = %(id)s",
    "update render.jobs set project_name = 'mine' where id = %(id)s",
    "delete from render.jobs where id = %(id)s",
    "update render.specs set project_name = 'mine' where job_id = %(id)s",
    "insert into work.dependencies (user_id, job_id, needs_job_id) values (%(user)s, %(id)s, %(id)s)",
    "delete from work.dependencies where job_id = %(id)s",
    "delete from work.events where job_id = %(id)s",
    "update work.logs set chunk = 'mine' where job_id = %(id)s",
    "delete from work.ready where job_id = %(id)s",
    "delete from work.arrivals where job_id = %(id)s",
    "update work.turns set next_turn = 0 where user_id = %(user)s",
    "update work.usages set active_jobs = 0 where user_id = %(user)s",
    "delete from work.user_pauses where user_id = %(user)s",
    "delete from work.reports where job_id = %(id)s",
    "insert into work.lanes (kind, priority) values ('render', 9)",
    "select from work.jobs where id = %(id)s for update",
    "select from work.usages where user_id = %(user)s for update",
    "select from work.lanes for update",
)
NO_UPDATE = "55000"
"""What a view without such a trigger is refused with."""


@pytest.fixture
def people(database: Database) -> tuple[UUID, UUID]:
    """Ann and Bob."""
    return users.make(database, name="Ann"), users.make(database, name="Bob")


def everything(database: Database) -> list[tuple[object, ...]]:
    """All that the queue holds, and whose transaction wrote it."""
    return look(
        database,
        """
        select 'job' as what, xmin::text as made_in, j::text as written
        from work.jobs as j
        union all select 'spec', xmin::text, s::text from render.specs as s
        union all select 'output', xmin::text, o::text from render.outputs as o
        union all select 'event', xmin::text, e::text from work.events as e
        union all select 'log', xmin::text, l::text from work.logs as l
        union all select 'need', xmin::text, d::text from work.dependencies as d
        union all select 'place', xmin::text, r::text from work.ready as r
        union all select 'arrival', xmin::text, a::text from work.arrivals as a
        union all select 'note', xmin::text, f::text from work.leftovers as f
        union all select 'report', xmin::text, p::text from work.reports as p
        union all select 'pause', xmin::text, u::text from work.user_pauses as u
        union all select 'lane', xmin::text, n::text from work.lanes as n
        union all select 'worker', xmin::text, w::text from work.workers as w
        order by what, made_in, written
        """,
    )


def refusal(
    conn: psycopg.Connection, statement: LiteralString, sent: Mapping[str, object]
) -> tuple[str | None, str | None]:
    """With which code and sentence a statement is refused; nothing where it is not."""
    try:
        with conn.transaction():
            conn.execute(statement, sent)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary
    return None, None


def test_a_user_submits_through_the_view_for_nobody_else(
    store: SyncStore, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    with pytest.raises(errors.NotAllowed), store.user(ann) as conn:
        conn.execute(
            "insert into render.jobs (user_id, project_path, output_path)"
            " values (%s, '/spot.aep', '/spot.mov')",
            [bob],
        )
    with store.readonly() as conn:
        assert conn.execute("select from work.jobs").fetchone() is None


def test_every_door_stands_in_this_file(database: Database) -> None:
    found = look(
        database,
        """
        select n.nspname || '.' || p.proname
        from pg_catalog.pg_proc as p
        join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('work', 'render', 'ops')
            and p.prorettype <> 'trigger'::regtype
            and (p.prosecdef or p.provolatile = 'v')
            and p.proname not in ('uuidv7', 'list_own_jobs', 'list_held_jobs')
            and exists (
                select
                from aclexplode(p.proacl) as x
                where x.grantee <> p.proowner
            )
        """,
    )
    assert {str(path) for (path,) in found} == {*DOORS, *UPKEEP, *OF_OPS}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_a_job_by_hand(
    database: Database, people: tuple[UUID, UUID], role: str
) -> None:
    ann, _ = people
    made = make(database, "running", held_by="one", user_id=ann)
    make(database, user_id=ann, needs=[made])
    before = everything(database)
    for statement in WRITTEN:
        with acting(
            database, role, ann if role == "app" else None, "worker:one"
        ) as conn:
            code, _ = refusal(conn, statement, {"user": ann, "id": made.id})
            assert code in {REFUSED, NO_UPDATE}, statement
    assert everything(database) == before


@pytest.mark.parametrize("door", ASKED)
def test_a_user_reaches_no_job_of_another_by(
    database: Database, people: tuple[UUID, UUID], door: str
) -> None:
    ann, bob = people
    theirs = [
        make(database, status, user_id=bob).id
        for status in ("queued", "pending", "running", "completed", "failed")
    ]
    absent = UUID(int=theirs[0].int ^ 1)
    before = everything(database)
    with acting(database, "app", ann) as conn:
        none = refusal(conn, ASKED[door], {"id": absent, "owner": None})
        assert none[0] == NO_JOB
        for each in theirs:
            for owner in (None, ann):
                sent = {"id": each, "owner": owner}
                assert refusal(conn, ASKED[door], sent) == none
            for named in (each, absent):
                code, _ = refusal(conn, ASKED[door], {"id": named, "owner": bob})
                assert code == REFUSED
    # An administrator who names the wrong user finds nothing either.
    with acting(database, "admin") as conn:
        for each in theirs:
            assert refusal(conn, ASKED[door], {"id": each, "owner": ann}) == none
    assert everything(database) == before


@pytest.mark.parametrize("door", SUBMITTED)
def test_a_user_submits_for_nobody_else_by(
    database: Database, people: tuple[UUID, UUID], door: str
) -> None:
    ann, bob = people
    with acting(database, "app", ann) as conn:
        assert refusal(conn, SUBMITTED[door], {"owner": ann}) == (None, None)
        code, _ = refusal(conn, SUBMITTED[door], {"owner": bob})
        assert code == REFUSED
        code, _ = refusal(conn, SUBMITTED[door], {"owner": UUID(int=bob.int ^ 1)})
        assert code == REFUSED


@pytest.mark.parametrize("entered", ["superuser", "inheriting"])
def test_whoever_entered_no_role_finds_every_door_shut(
    database: Database, people: tuple[UUID, UUID], entered: str
) -> None:
    """It has each grant, and sets whose job and who holds it as it likes."""
    ann, _ = people
    made = make(database, "running", held_by="one", user_id=ann)
    sent = {"user": ann, "id": made.id, "attempt": 1}
    before = everything(database)
    with login(database, "inherits", "app", "worker", "admin", inherits=True) as url:
        url = database.admin_url if entered == "superuser" else url
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(
                "select set_config('renderstore.actor', 'worker:one', false),"
                " set_config('renderstore.user_id', %s, false)",
                [str(ann)],
            )
            for name, statement in DOORS.items():
                for owner in (None, ann):
                    code, _ = refusal(conn, statement, sent | {"owner": owner})
                    assert code in {REFUSED, NO_WORKER}, name
    assert everything(database) == before


@pytest.mark.parametrize("door", REPORTED)
def test_a_worker_reports_on_no_job_that_another_holds_by(
    database: Database, people: tuple[UUID, UUID], door: str
) -> None:
    ann, _ = people
    held = make(database, "running", held_by="one", user_id=ann)
    waits = make(database, user_id=ann)
    ended = make(database, "completed", held_by="two", user_id=ann)
    before = everything(database)
    with acting(database, "worker", None, "worker:two") as conn:
        for each, attempt in ((held, 1), (held, 0), (waits, 0), (ended, 1)):
            sent = {"user": ann, "id": each.id, "attempt": attempt}
            assert refusal(conn, REPORTED[door], sent)[0] == LOST
    # The holder itself, of an attempt that is not its own.
    with acting(database, "worker", None, "worker:one") as conn:
        sent = {"user": ann, "id": held.id, "attempt": 2}
        assert refusal(conn, REPORTED[door], sent)[0] == LOST
    assert everything(database) == before


def test_a_worker_reports_on_no_jobs_that_another_holds(
    database: Database, people: tuple[UUID, UUID]
) -> None:
    ann, _ = people
    held = make(database, "running", held_by="one", user_id=ann)
    sent = {"user": ann, "id": held.id, "attempt": 1}
    before = everything(database)
    with acting(database, "worker", None, "worker:two") as conn:
        for statement in REPORTED_OF_MANY.values():
            assert conn.execute(statement, sent).fetchall() == [(ann, held.id, 1)]
        beaten = conn.execute(OFFERED["work.heartbeat_many"], sent).fetchall()
        assert beaten == []
    assert everything(database) == before


def test_a_worker_sees_the_jobs_that_it_holds_and_the_keys_of_what_waits(
    database: Database, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    mine = make(database, "running", held_by="one", user_id=ann)
    other = make(database, "running", held_by="two", user_id=ann)
    ended = make(database, "completed", held_by="one", user_id=bob)
    waits = make(database, user_id=bob)
    needs = make(database, user_id=ann, needs=[mine])
    look(
        database,
        "insert into work.logs (user_id, job_id, position, attempt, chunk)"
        " select user_id, id, 0, 1, 'frame 1' from work.jobs returning 1",
    )
    look(
        database,
        "insert into render.outputs (user_id, job_id, attempt, path)"
        " select user_id, id, 1, '/renders/spot.mov' from work.jobs returning 1",
    )
    look(
        database,
        "insert into work.events (user_id, job_id, attempt, before, after, actor)"
        " select user_id, id, 1, 'queued', 'running', 'worker:one' from work.jobs returning 1",
    )
    of_a_job: Mapping[str, LiteralString] = {
        "job": "select id from work.jobs",
        "render job": "select id from render.jobs",
        "spec": "select job_id from render.specs",
        "log": "select job_id from work.logs",
        "event": "select job_id from work.events",
        "history": "select job_id from work.history",
        "output": "select job_id from render.outputs",
    }
    for worker, seen in (
        ("one", {mine.id}),
        ("two", {other.id}),
        ("three", set[UUID]()),
    ):
        with acting(database, "worker", None, f"worker:{worker}") as conn:
            for what, query in of_a_job.items():
                assert {row[0] for row in conn.execute(query)} == seen, (worker, what)
            places = conn.execute("select user_id, job_id from work.ready").fetchall()
            assert places == [(bob, waits.id)]
            assert conn.execute("select from work.dependencies").fetchall() == []
            for table in ("usages", "user_pauses", "leftovers", "reports", "turns"):
                query = f"select from work.{table}"
                with (
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                    conn.transaction(),
                ):
                    conn.execute(query.encode())
    assert ended.id != needs.id


def test_a_job_waits_for_no_job_of_another_and_does_not_tell_that_it_is_there(
    database: Database, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    theirs = make(database, user_id=bob)
    absent = UUID(int=theirs.id.int ^ 1)
    mine = make(database, user_id=ann)
    before = everything(database)
    with acting(database, "app", ann) as conn:
        said = [
            refusal(
                conn,
                "select work.link(%(id)s, array[%(needs)s])",
                {"id": mine.id, "needs": needed},
            )
            for needed in (theirs.id, absent)
        ]
    assert said[0] == said[1]
    assert said[0][0] == "23503"
    assert everything(database) == before


def test_a_submission_names_no_job_of_another(
    store: SyncStore, database: Database, people: tuple[UUID, UUID]
) -> None:
    ann, bob = people
    theirs = make(database, user_id=bob)
    said: list[str] = []
    for needed in (theirs.id, UUID(int=theirs.id.int ^ 1)):
        with pytest.raises(errors.Error) as refused, store.user(ann) as conn:
            render.jobs.submit(
                conn,
                project_path="/spot.aep",
                output_path="/spot.mov",
                needs_job_ids=[needed],
            )
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_raw_sql_on_a_workers_login_may_end_another_s_job(
    store: SyncStore, database: Database, people: tuple[UUID, UUID]
) -> None:
    """Not prevented, and said so in docs/isolation.md: a worker's name is only a setting."""
    ann, _ = people
    make(database, user_id=ann)
    with registered(store, "one") as conn:
        [held] = render.jobs.claim(conn, limit=1)
    key = {"user": held.user_id, "id": held.id, "attempt": held.attempt}
    finish = "select work.finish(%(user)s, %(id)s, %(attempt)s)"
    with pytest.raises(errors.Error), registered(store, "two") as conn:
        conn.execute(finish, key)
    for refused in (
        "insert into render.jobs (user_id, output_path) values (%(user)s, '/x.mov')",
        "delete from work.jobs where id = %(id)s",
        "update render.specs set output_path = '/x.mov' where job_id = %(id)s",
        "select id from identity.users where id = %(user)s",
    ):
        with (
            pytest.raises(errors.Error, match="permission denied"),
            registered(store, "two") as conn,
        ):
            conn.execute(refused, key)
    with registered(store, "two") as conn:
        conn.execute("select set_config('renderstore.actor', 'worker:one', true)")
        conn.execute(finish, key)
    with store.readonly() as conn:
        row = conn.execute("select status from work.jobs").fetchone()
    assert row is not None
    assert str(row[0]) == "completed"
