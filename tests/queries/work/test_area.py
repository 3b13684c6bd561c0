"""sql/queries/work/area.sql, and the partitions: what keeps the queue's room small."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest
from tests.factories import Job, acting, ago, job, look, plans, users

from renderstore.errors import NotAllowed
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import area


def age(database: Database, made: Job, ended_at: datetime) -> Job:
    """As if the job had been submitted and had ended then."""
    with psycopg.connect(database.admin_url) as conn:
        # Time passes without a trigger.
        conn.execute("set session_replication_role = replica")
        row = conn.execute(
            "select overlay(id::text placing left(ops.first_uuidv7(%s)::text, 13) from 1)::uuid"
            " from work.jobs where id = %s",
            [ended_at, made.id],
        ).fetchone()
        assert row is not None
        parameters = {"new": row[0], "old": made.id, "ended_at": ended_at}
        for change in (
            "update work.jobs set id = %(new)s, completed_at = %(ended_at)s where id = %(old)s",
            "update render.specs set job_id = %(new)s where job_id = %(old)s",
            "update work.events set job_id = %(new)s where job_id = %(old)s",
            "update work.dependencies set job_id = %(new)s where job_id = %(old)s",
            "update work.dependencies set needs_job_id = %(new)s where needs_job_id = %(old)s",
        ):
            conn.execute(change.encode(), parameters)
    return Job(made.user_id, row[0])


def left(database: Database) -> set[object]:
    """The jobs that are there."""
    return {row[0] for row in look(database, "select id from work.jobs")}


def test_ended_jobs_go_after_their_plans_days(
    database: Database, store: SyncStore
) -> None:
    week = plans.make(database, keep_ended_jobs_days=7)
    ever = plans.make(database)
    short, long = (users.make(database, plan_id=plan) for plan in (week, ever))
    for ended in ("completed", "failed", "cancelled"):
        age(database, job(database, ended, user_id=short), ago(days=8))
    kept = {
        age(database, job(database, "completed", user_id=short), ago(days=6)).id,
        age(database, job(database, "completed", user_id=long), ago(days=900)).id,
        job(database, user_id=short).id,
    }
    farm = store.worker("mac-1")
    assert [farm.run(area.clear_ended_jobs, max_rows=2) for _ in range(3)] == [2, 1, 0]
    assert left(database) == kept
    assert look(database, "select count(*) from render.specs") == [(3,)]


def test_what_is_waited_for_in_vain_stays(database: Database, store: SyncStore) -> None:
    week = plans.make(database, keep_ended_jobs_days=7)
    user_id = users.make(database, plan_id=week)
    parent = job(database, user_id=user_id)
    waits = job(database, user_id=user_id, needs=[parent], on_failure="wait")
    with acting(database, "app", user_id) as conn:
        conn.execute(
            "update work.jobs set status = 'cancelled' where id = %s", [parent.id]
        )
    parent = age(database, parent, ago(days=8))
    assert store.worker("mac-1").run(area.clear_ended_jobs) == 0
    assert left(database) == {parent.id, waits.id}


def test_a_user_clears_nothing(database: Database, store: SyncStore) -> None:
    with pytest.raises(NotAllowed):
        store.user(users.make(database)).run(area.clear_ended_jobs)


def call(database: Database, function: str, role: str = "worker") -> list[str]:
    """What a function of the partitions gives."""
    with acting(database, role, actor="worker:mac-1") as conn:
        return [row[0] for row in conn.execute(f"select ops.{function}()".encode())]


def place_of(database: Database, table: str) -> list[str]:
    """The partitions that hold a table's rows."""
    return [
        row[0]
        for row in look(
            database, f"select distinct tableoid::regclass::text from {table}"
        )
    ]


def test_partitions_are_made_ahead_once(database: Database) -> None:
    made = call(database, "make_partitions")
    assert len(made) == 8
    assert call(database, "make_partitions") == []
    running = job(database, "running")
    with acting(database, "worker", actor="worker:mac-1") as conn:
        conn.execute(
            "select work.append_log(%s, %s, 1, 'said')", [running.user_id, running.id]
        )
        conn.execute("select work.finish(%s, %s, 1)", [running.user_id, running.id])
    assert place_of(database, "work.events") == [f"work.{made[0]}"]
    assert place_of(database, "work.logs") == [f"work.{made[4]}"]


def test_a_month_that_has_begun_elsewhere_stays_there(database: Database) -> None:
    job(database, "cancelled")
    made = call(database, "make_partitions")
    assert sum(name.startswith("events") for name in made) == 3
    assert sum(name.startswith("logs") for name in made) == 4
    job(database, "cancelled")
    assert place_of(database, "work.events") == ["work.events_default"]


def test_a_partition_is_reached_through_its_parent_only(database: Database) -> None:
    [name, *_] = call(database, "make_partitions", "admin")
    job(database, "cancelled")
    assert look(
        database,
        "select relrowsecurity, relforcerowsecurity, relowner::regrole::text"
        " from pg_class where relname = %(name)s",
        name=name,
    ) == [(True, True, "renderstore_owner")]
    for role in ("app", "worker", "admin", "readonly"):
        with (
            acting(database, role) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(f"select from work.{name}".encode())
    with pytest.raises(psycopg.Error), psycopg.connect(database.admin_url) as conn:
        conn.execute(f"delete from work.{name}".encode())


def old_partition(database: Database) -> None:
    """A partition of a month long ago."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("set role renderstore_owner")
        conn.execute(
            "create table work.events_2001_02 partition of work.events"
            " for values from ('2001-02-01Z') to ('2001-03-01Z')"
        )


def test_old_partitions_are_dropped_whole(database: Database) -> None:
    call(database, "make_partitions")
    old_partition(database)
    plan_id = plans.make(database)
    # A plan that keeps its jobs for ever keeps their history too.
    assert call(database, "drop_partitions") == []
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("delete from identity.plans where id = %s", [plan_id])
    assert call(database, "drop_partitions") == ["events_2001_02"]
    assert call(database, "drop_partitions") == []


def test_a_partition_of_a_job_that_is_there_stays(database: Database) -> None:
    old_partition(database)
    made = job(database, "cancelled")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("update identity.plans set keep_ended_jobs_days = 30")
        conn.execute(
            "insert into work.events (user_id, job_id, attempt, before, after, happened_at, actor)"
            " values (%s, %s, 0, 'queued', 'cancelled', '2001-02-03Z', 'user:x')",
            [made.user_id, made.id],
        )
    assert call(database, "drop_partitions") == []


def test_a_user_touches_no_partitions(database: Database) -> None:
    for function in ("make_partitions", "drop_partitions"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            call(database, function, "app")
