"""sql/queries/work/area.sql: what keeps the queue's room small and right."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest
from tests.factories import Job, acting, ago, job, look, plans, registered, users

from renderstore.errors import NotAllowed, TimedOut
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import area, jobs


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
    farm = registered(store, "mac-1")
    assert [farm.run(area.clear_ended_jobs, max_rows=2) for _ in range(3)] == [2, 1, 0]
    assert left(database) == kept
    assert look(database, "select count(*) from render.specs") == [(3,)]


def test_what_is_waited_for_in_vain_stays(database: Database, store: SyncStore) -> None:
    week = plans.make(database, keep_ended_jobs_days=7)
    user_id = users.make(database, plan_id=week)
    parent = job(database, user_id=user_id)
    waits = job(database, user_id=user_id, needs=[parent], on_failure="wait")
    store.user(user_id).run(jobs.cancel, id=parent.id)
    parent = age(database, parent, ago(days=8))
    assert registered(store, "mac-1").run(area.clear_ended_jobs) == 0
    assert left(database) == {parent.id, waits.id}


@pytest.mark.parametrize(
    "hold",
    [
        "select work.unlink(%(next)s, array[%(old)s]::uuid[])",
        "select work.delete(%(next)s)",
        "select id from render.submit(output_path => '/a.mov', project_path => '/a.aep', needs_job_ids => array[%(old)s]::uuid[])",
    ],
)
def test_who_holds_what_hangs_on_an_old_job_keeps_that_one_alone(
    database: Database, store: SyncStore, hold: str
) -> None:
    week = plans.make(database, keep_ended_jobs_days=7)
    owner, other = (users.make(database, plan_id=week) for _ in range(2))
    old = job(database, "completed", user_id=owner)
    following = job(database, user_id=owner, needs=[old])
    old = age(database, old, ago(days=8))
    for each in (owner, owner, other):
        age(database, job(database, "completed", user_id=each), ago(days=8))
    farm, office = registered(store, "mac-1"), store.admin(reason="tidies")
    with acting(database, "app", owner, "user:x") as tenant:
        tenant.execute(hold.encode(), {"next": following.id, "old": old.id})
        assert farm.run(area.clear_ended_jobs) == 3
        assert farm.run(area.clear_ended_jobs) == 0
        with pytest.raises(TimedOut):
            office.run(jobs.delete, id=old.id)
        tenant.rollback()
    assert left(database) == {old.id, following.id}
    office.run(jobs.delete, id=old.id)
    assert left(database) == {following.id}


def test_a_user_clears_nothing(database: Database, store: SyncStore) -> None:
    with pytest.raises(NotAllowed):
        store.user(users.make(database)).run(area.clear_ended_jobs)


def test_whoever_repaired_rows_makes_the_rest_agree_again(
    database: Database, store: SyncStore
) -> None:
    queued, other = job(database), job(database)
    waits = job(database, needs=[queued], user_id=queued.user_id)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("delete from work.ready where job_id = %s", [queued.id])
        conn.execute(
            "update work.jobs set status = 'failed', completed_at = now(),"
            " error_class = 'crash' where id = %s",
            [other.id],
        )
        conn.execute("update work.jobs set needs_left = 7 where id = %s", [waits.id])
        conn.execute("update work.usages set active_jobs = 0")
    office = store.admin(reason="mends")
    found = {each.problem for each in office.run(area.list_problems, page_size=99)}
    assert found == {
        "queued, but not in line",
        "in line, but not queued",
        "needs_left is wrong",
        "more active jobs than were charged",
        "without the event of its end",
    }
    done = {each.what: each.jobs for each in office.run(area.mend)}
    assert done == {
        "taken out of line": 1,
        "put in line": 1,
        "counted anew": 1,
        "given the event of their end": 1,
    }
    assert office.run(area.list_problems, page_size=99) == []


def test_a_part_of_the_sweep_that_fails_stops_no_other(
    database: Database, store: SyncStore
) -> None:
    made = job(database, "running")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set lease_expires_at = now() - interval '1 second'"
        )
        conn.execute(
            "create function work.break_down(bigint) returns bigint language sql"
            " return 1 / (0 * $1)"
        )
        conn.execute(
            "insert into ops.sweep_parts values (1, 'broken', 'work.break_down', true)"
        )
    done = {each.what: each for each in store.worker("mac-1").run(area.sweep)}
    assert done["broken"].problem == "division by zero"
    assert done["leases lost"].jobs == 1
    assert made.id in {
        row[0] for row in look(database, "select job_id from work.ready")
    }
