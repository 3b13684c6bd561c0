"""sql/queries/studio/project_jobs.sql: jobs of any kind that work for a project, and end together."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from tests.factories import (
    Job,
    acting,
    job,
    look,
    plans,
    registered,
    status,
    take,
    users,
)

from renderstore.errors import NotFound, Taken, TransitionRefused
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import StepKind, project_jobs, projects, scenes, steps
from renderstore.testing import Database
from renderstore.work import JobKind, JobStatus, jobs


def project(scope: SyncScope, title: str = "The fox") -> UUID:
    return scope.run(projects.create, title=title).id


def sweep(database: Database) -> int:
    [(count,)] = look(database, "select studio.end_late_jobs(1000)")
    return int(count)


def linked(database: Database, store: SyncStore) -> tuple[SyncScope, UUID, Job]:
    """A user's scope, a project of theirs, and a render that works for it."""
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    render = job(database, user_id=user_id)
    mine.run(project_jobs.link, project_id=fox, job_ids=[render.id])
    return mine, fox, render


def purge(database: Database, max_rows: int = 1000) -> int:
    [(count,)] = look(database, "select studio.purge_projects(%(rows)s)", rows=max_rows)
    return int(count)


def test_jobs_of_any_kind_are_listed_with_their_project(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    render = job(database, user_id=user_id)
    job(database, user_id=user_id)
    assert mine.run(project_jobs.link, project_id=fox, job_ids=[render.id]) == 1
    assert mine.run(project_jobs.link, project_id=fox, job_ids=[render.id]) == 0
    step = mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox)
    listed = mine.run(project_jobs.list, project_id=fox, page_size=10)
    assert [(one.id, one.kind, one.status) for one in listed] == [
        (step.id, JobKind.STEP, JobStatus.QUEUED),
        (render.id, JobKind.RENDER, JobStatus.QUEUED),
    ]
    [older] = mine.run(
        project_jobs.list, project_id=fox, before_id=step.id, page_size=10
    )
    assert older.id == render.id


def test_a_job_works_for_one_project_of_its_own_user(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox, bear = project(mine), project(mine, "The bear")
    render = job(database, user_id=user_id)
    mine.run(project_jobs.link, project_id=fox, job_ids=[render.id])
    with pytest.raises(Taken, match="already works for a project"):
        mine.run(project_jobs.link, project_id=bear, job_ids=[render.id])
    assert mine.run(project_jobs.unlink, project_id=bear, job_ids=[render.id]) == 0
    assert mine.run(project_jobs.unlink, project_id=fox, job_ids=[render.id]) == 1
    mine.run(project_jobs.link, project_id=bear, job_ids=[render.id])

    strange = job(database)
    with pytest.raises(NotFound, match="no job with this id"):
        mine.run(project_jobs.link, project_id=fox, job_ids=[strange.id])
    other = store.user(users.make(database))
    with pytest.raises(NotFound):
        other.run(project_jobs.link, project_id=fox, job_ids=[render.id])
    assert other.run(project_jobs.list, project_id=bear, page_size=10) == []


def test_a_step_stays_with_its_project(database: Database, store: SyncStore) -> None:
    mine = store.user(users.make(database))
    fox = project(mine)
    step = mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox)
    with pytest.raises(TransitionRefused, match="stays with the project"):
        mine.run(project_jobs.unlink, project_id=fox, job_ids=[step.id])


def four(database: Database, scope: SyncScope, user_id: UUID, fox: UUID) -> list[Job]:
    """A queued, a pending, a running and a completed job of a project."""
    made = [
        job(database, name, user_id=user_id)
        for name in ("queued", "pending", "running", "completed")
    ]
    scope.run(project_jobs.link, project_id=fox, job_ids=[one.id for one in made])
    return made


def asked(database: Database, made: Job) -> str | None:
    """Why a job's worker should stop; None where nobody asked."""
    [(at, reason)] = look(
        database,
        "select cancel_requested_at, cancel_reason from work.jobs where id = %(id)s",
        id=made.id,
    )
    return None if at is None else str(reason)


def test_all_jobs_of_a_project_are_cancelled_together(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    made = four(database, mine, user_id, fox)
    apart = job(database, user_id=user_id)
    ended = mine.run(project_jobs.cancel_all, project_id=fox, reason="Not now.")
    assert (ended.cancelled, ended.asked) == (2, 1)
    assert [status(database, one) for one in made] == [
        "cancelled",
        "cancelled",
        "running",
        "completed",
    ]
    assert asked(database, made[2]) == "Not now."
    assert status(database, apart) == "queued"
    again = mine.run(project_jobs.cancel_all, project_id=fox)
    assert (again.cancelled, again.asked) == (0, 1)
    assert asked(database, made[2]) == "Not now."
    with pytest.raises(NotFound, match="no project with this id"):
        store.user(users.make(database)).run(project_jobs.cancel_all, project_id=fox)


def test_an_administrator_cancels_the_jobs_of_a_users_project(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    four(database, mine, user_id, fox)
    ended = store.admin(reason="the tests' DBA").run(
        project_jobs.cancel_all, project_id=fox, user_id=user_id
    )
    assert (ended.cancelled, ended.asked) == (2, 1)


def test_deleting_a_project_ends_its_jobs_and_restoring_brings_none_back(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    made = four(database, mine, user_id, fox)
    mine.run(projects.delete, id=fox)
    assert [status(database, one) for one in made] == [
        "cancelled",
        "cancelled",
        "running",
        "completed",
    ]
    assert asked(database, made[2]) == "Its project was deleted."
    assert mine.run(project_jobs.list, project_id=fox, page_size=10) == []
    assert sweep(database) == 0
    mine.run(projects.restore, id=fox)
    listed = mine.run(project_jobs.list, project_id=fox, page_size=10)
    assert {one.id for one in listed} == {one.id for one in made}
    assert status(database, made[0]) == "cancelled"
    mine.run(jobs.try_again, id=made[0].id)
    assert sweep(database) == 0
    assert status(database, made[0]) == "queued"


def test_nothing_is_linked_to_a_deleted_project(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    render = job(database, user_id=user_id)
    mine.run(projects.delete, id=fox)
    with pytest.raises(TransitionRefused, match="restore it first"):
        mine.run(project_jobs.link, project_id=fox, job_ids=[render.id])
    with pytest.raises(TransitionRefused, match="restore it first"):
        mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox)
    assert look(database, "select count(*) from work.jobs where kind = 'step'") == [
        (0,)
    ]


def test_deleting_a_project_waits_for_no_job_and_the_sweep_ends_what_was_held(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    held, free = job(database, user_id=user_id), job(database, user_id=user_id)
    mine.run(project_jobs.link, project_id=fox, job_ids=[held.id, free.id])
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select from work.jobs where id = %s for update", [held.id])
        with acting(database, "app", user_id) as deleting:
            deleting.execute("set local lock_timeout = '2s'")
            deleting.execute("select studio.delete_project(%s)", [fox])
        assert sweep(database) == 0
    assert (status(database, held), status(database, free)) == ("queued", "cancelled")
    assert sweep(database) == 1
    assert status(database, held) == "cancelled"


def test_deleting_a_project_of_many_jobs_leaves_the_rest_to_the_sweep(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database, plan_id=plans.make(database)))
    fox = project(mine)
    mine.run(steps.submit_many, steps=[StepKind.IMAGE] * 1003, project_id=fox)
    left = "select count(*) from work.jobs where status = 'queued'"
    mine.run(projects.delete, id=fox)
    assert look(database, left) == [(3,)]
    assert sweep(database) == 3
    assert look(database, left) == [(0,)]


def test_a_purge_leaves_the_link_of_a_job_that_is_still_to_be_ended(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("select from work.jobs where id = %s for update", [render.id])
        mine.run(projects.purge, id=fox)
        assert (sweep(database), purge(database)) == (0, 0)
    assert (sweep(database), status(database, render)) == (1, "cancelled")
    assert purge(database) == 2


def test_a_purge_waits_for_a_job_no_longer_than_a_day(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    mine.run(projects.purge, id=fox)
    mine.run(jobs.try_again, id=render.id)
    assert purge(database) == 0
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("update studio.projects set deleted_at = now() - interval '1 day'")
    assert purge(database) == 2
    assert status(database, render) == "queued"


def test_a_purge_waits_for_no_link_that_its_user_takes_away(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    mine.run(projects.purge, id=fox)
    with acting(database, "app", render.user_id) as unlinking:
        unlinking.execute("select studio.unlink_jobs(%s, %s)", [fox, [render.id]])
        with psycopg.connect(database.admin_url) as conn:
            conn.execute("set local lock_timeout = '2s'")
            found = conn.execute("select studio.purge_projects(1000)").fetchone()
    assert found == (0,)
    assert purge(database) == 1


def test_a_purge_waits_for_no_worker_that_reports_on_a_step(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    scene = mine.run(scenes.create, project_id=fox)
    mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox, scene_id=scene.id)
    registered(store, "mac-1")
    [held] = store.worker("mac-1").run(steps.claim, limit=1)
    key = [held.user_id, held.id, held.attempt]
    mine.run(projects.purge, id=fox)
    with acting(database, "worker", None, "worker:mac-1") as reporting:
        reporting.execute(
            "select studio.report_step(%s, %s, %s, 'task-7', cost_micros => 70)", key
        )
        with psycopg.connect(database.admin_url) as conn:
            conn.execute("set local lock_timeout = '2s'")
            found = conn.execute("select studio.purge_projects(1000)").fetchone()
        assert found == (0,)
    assert purge(database) == 5
    # What was paid stays as long as the job, for whoever reports on it next.
    assert look(database, "select studio.clear_step_costs(1000)") == [(0,)]
    store.worker("mac-1").run(
        steps.report,
        user_id=held.user_id,
        id=held.id,
        attempt=held.attempt,
        cost_micros=90,
    )
    found_step = mine.run(steps.get, id=held.id)
    assert (found_step.project_id, found_step.scene_id) == (None, None)
    assert (found_step.provider_task_id, found_step.cost_micros) == ("task-7", 90)


def test_a_purge_changes_steps_a_batch_at_a_time(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database, plan_id=plans.make(database)))
    fox = project(mine)
    mine.run(steps.submit_many, steps=[StepKind.IMAGE] * 12, project_id=fox)
    mine.run(projects.purge, id=fox)
    written: list[int] = []
    while not written or written[-1]:
        with psycopg.connect(database.admin_url) as conn:
            conn.execute("select studio.purge_projects(5)")
            row = conn.execute(
                "select sum(n_tup_upd + n_tup_del) from pg_stat_xact_user_tables"
                " where schemaname = 'studio'"
            ).fetchone()
        assert row is not None
        written.append(int(row[0]))
    # 12 specifications, 12 costs, 12 links, the project.
    assert written == [5, 5, 5, 5, 5, 5, 5, 2, 0]


def test_a_job_linked_while_its_project_is_deleted_is_ended_by_the_sweep(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    render = job(database, user_id=user_id)
    with acting(database, "app", user_id) as linking:
        linking.execute("select studio.link_jobs(%s, %s)", [fox, [render.id]])
        mine.run(projects.delete, id=fox)
    assert status(database, render) == "queued"
    [swept] = [
        row
        for row in look(database, "select what, jobs, problem from ops.sweep()")
        if row[0] == "jobs of deleted projects"
    ]
    assert swept == ("jobs of deleted projects", 1, None)
    assert status(database, render) == "cancelled"


def test_whoever_has_submitted_may_link_while_another_deletes_the_project(
    database: Database, store: SyncStore
) -> None:
    """The two orders of locks meet in none that conflicts."""
    user_id = users.make(database)
    mine = store.user(user_id)
    fox = project(mine)
    with (
        acting(database, "app", user_id) as submitting,
        acting(database, "app", user_id) as deleting,
    ):
        for conn in (submitting, deleting):
            conn.execute("set local lock_timeout = '2s'")
        made = submitting.execute(
            "insert into render.jobs (template_path, output_path)"
            " values ('/a.aep', '/b.mov') returning id"
        ).fetchone()
        assert made is not None
        deleting.execute("select studio.delete_project(%s)", [fox])
        submitting.execute("select studio.link_jobs(%s, %s)", [fox, [made[0]]])


def test_the_project_goes_and_the_job_stays(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    step = mine.run(steps.submit, step=StepKind.IMAGE, project_id=fox)
    mine.run(projects.purge, id=fox)
    assert purge(database) == 5
    assert look(database, "select count(*) from studio.project_jobs") == [(0,)]
    assert status(database, render) == "cancelled"
    found = mine.run(steps.get, id=step.id)
    assert (found.project_id, found.status) == (None, JobStatus.CANCELLED)


def test_the_job_goes_and_the_project_stays(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    mine.run(jobs.delete, id=render.id)
    assert mine.run(project_jobs.list, project_id=fox, page_size=10) == []
    assert mine.run(projects.get, id=fox).deleted_at is None


def test_a_worker_hears_that_its_project_was_deleted(
    database: Database, store: SyncStore
) -> None:
    mine, fox, render = linked(database, store)
    take(database, render)
    mine.run(projects.delete, id=fox)
    assert store.worker("mac-1").run(
        jobs.heartbeat, user_id=render.user_id, id=render.id, attempt=1
    )
