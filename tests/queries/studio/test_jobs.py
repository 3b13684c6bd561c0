"""sql/queries/studio/project_jobs.sql and steps.sql: the jobs of a project, and the steps of a video."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests.factories import Job, acting, job, look, registered, status

from renderstore.errors import (
    AssetInUse,
    Invalid,
    LeaseLost,
    NotFound,
    TimedOut,
    TransitionRefused,
)
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import (
    AssetKind,
    AssetUse,
    assets,
    project_jobs,
    projects,
    scenes,
    steps,
)
from renderstore.studio import StepKind as Kind
from renderstore.testing import Database
from renderstore.work import JobKind, JobStatus, jobs

from .world import Studio, made


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


@pytest.fixture
def worker(store: SyncStore) -> SyncScope:
    return registered(store, "mac-1")


def submit(studio: Studio, kind: Kind = Kind.IMAGE, **more: str) -> UUID:
    return studio.mine.run(
        steps.submit,
        project_id=studio.project_id,
        step=kind,
        provider="openai",
        config={"prompt": "a fox"},
        idempotency_key=more.get("idempotency_key"),
    ).id


def test_a_step_is_a_job_of_its_project(studio: Studio, worker: SyncScope) -> None:
    scene = studio.mine.run(scenes.create, project_id=studio.project_id)
    image = studio.image()
    made_step = studio.mine.run(
        steps.submit,
        project_id=studio.project_id,
        step=Kind.VIDEO,
        scene_id=scene.id,
        input_asset_ids=[image],
        idempotency_key="one",
    )
    again = studio.mine.run(
        steps.submit,
        project_id=studio.project_id,
        step=Kind.VIDEO,
        idempotency_key="one",
    )
    assert (again.id, again.is_new, made_step.is_new) == (made_step.id, False, True)
    (listed,) = studio.mine.run(
        project_jobs.list, project_id=studio.project_id, page_size=10
    )
    assert (listed.id, listed.scene_id, listed.kind) == (
        made_step.id,
        scene.id,
        JobKind.STEP,
    )
    (claimed,) = worker.run(steps.claim, limit=5)
    assert (claimed.id, claimed.project_id, claimed.scene_id, claimed.step) == (
        made_step.id,
        studio.project_id,
        scene.id,
        Kind.VIDEO,
    )
    (used,) = worker.run(project_jobs.list_assets, job_id=claimed.id)
    assert (used.id, used.use) == (image, AssetUse.INPUT)


def test_a_step_goes_on_after_what_it_completed(
    studio: Studio, worker: SyncScope
) -> None:
    submit(studio)
    (claimed,) = worker.run(steps.claim, limit=1)
    held: dict[str, Any] = {
        "user_id": claimed.user_id,
        "id": claimed.id,
        "attempt": claimed.attempt,
    }
    assert claimed.last_completed_step is None
    for _ in range(2):
        worker.run(
            steps.report,
            **held,
            provider_task_id="task-7",
            completed_step="draft",
            tokens_in=10,
            tokens_out=5,
            cost_micros=1200,
        )
    worker.run(jobs.release, **held)
    (again,) = worker.run(steps.claim, limit=1)
    assert (again.attempt, again.last_completed_step, again.provider_task_id) == (
        2,
        "draft",
        "task-7",
    )
    with pytest.raises(LeaseLost):
        worker.run(steps.report, **held, completed_step="late")
    held["attempt"] = 2
    worker.run(steps.report, **held, completed_step="final", cost_micros=300)
    worker.run(jobs.finish, **held)
    found = studio.mine.run(steps.get, job_id=claimed.id)
    assert (found.status, found.last_completed_step) == (JobStatus.COMPLETED, "final")
    assert (found.tokens_in, found.tokens_out, found.cost_micros) == (10, 5, 1500)


def test_the_cost_of_a_project_is_one_query(studio: Studio, worker: SyncScope) -> None:
    for _ in range(3):
        submit(studio)
    for one in worker.run(steps.claim, limit=2):
        worker.run(
            steps.report,
            user_id=one.user_id,
            id=one.id,
            attempt=one.attempt,
            tokens_in=2,
            tokens_out=3,
            cost_micros=500,
        )
    cost = studio.mine.run(steps.get_cost, project_id=studio.project_id)
    assert (cost.steps, cost.tokens_in, cost.tokens_out, cost.cost_micros) == (
        3,
        4,
        6,
        1000,
    )


def test_what_a_job_makes_is_its_owners(studio: Studio, worker: SyncScope) -> None:
    submit(studio)
    (claimed,) = worker.run(steps.claim, limit=1)
    held: dict[str, Any] = {
        "user_id": claimed.user_id,
        "job_id": claimed.id,
        "attempt": claimed.attempt,
    }
    begun = worker.run(
        steps.begin_output, **held, kind=AssetKind.IMAGE, size_bytes=50, suffix="png"
    )
    assert begun.uri == f"{studio.user_id}/{begun.id}.png"
    worker.run(steps.keep_output, **held, id=begun.id, size_bytes=60)
    found = studio.mine.run(assets.get, id=begun.id)
    assert (found.state, found.project_id, found.size_bytes) == (
        "kept",
        studio.project_id,
        60,
    )
    (made_asset,) = studio.mine.run(project_jobs.list_assets, job_id=claimed.id)
    assert made_asset.use is AssetUse.OUTPUT
    with pytest.raises(AssetInUse):
        studio.mine.run(assets.delete, id=begun.id)
    with pytest.raises(TransitionRefused):
        worker.run(steps.keep_output, **held, id=begun.id, size_bytes=60)
    worker.run(
        jobs.finish,
        user_id=claimed.user_id,
        id=claimed.id,
        attempt=claimed.attempt,
    )
    with pytest.raises(LeaseLost):
        worker.run(steps.begin_output, **held, kind=AssetKind.IMAGE, size_bytes=50)
    studio.mine.run(assets.delete, id=begun.id)


def test_a_worker_waits_for_no_row_that_the_user_holds(
    studio: Studio, worker: SyncScope
) -> None:
    submit(studio)
    (claimed,) = worker.run(steps.claim, limit=1)
    held: dict[str, Any] = {
        "user_id": claimed.user_id,
        "job_id": claimed.id,
        "attempt": claimed.attempt,
    }
    with acting(studio.database, "app", studio.user_id) as conn:
        conn.execute("select from studio.projects for update")
        conn.execute("select studio.begin_asset('image', 1)")
        begun = worker.run(
            steps.begin_output, **held, kind=AssetKind.IMAGE, size_bytes=5
        )
    assert studio.mine.run(assets.get, id=begun.id).project_id is None
    with acting(studio.database, "app", studio.user_id) as conn:
        conn.execute("select from studio.assets for update")
        with pytest.raises(TimedOut):
            worker.run(steps.keep_output, **held, id=begun.id, size_bytes=5)
    worker.run(steps.keep_output, **held, id=begun.id, size_bytes=5)


def test_an_input_of_a_job_that_has_not_ended_stays(studio: Studio) -> None:
    image = studio.image()
    render = job(studio.database, user_id=studio.user_id)
    studio.mine.run(
        project_jobs.link,
        project_id=studio.project_id,
        job_id=render.id,
        input_asset_ids=[image],
    )
    with pytest.raises(AssetInUse, match="a job that has not ended"):
        studio.mine.run(assets.delete, id=image)
    studio.mine.run(jobs.cancel, id=render.id)
    studio.mine.run(assets.delete, id=image)


def test_deleting_a_project_cancels_what_waits_for_it(
    studio: Studio, worker: SyncScope
) -> None:
    running = Job(studio.user_id, submit(studio))
    worker.run(steps.claim, limit=1)
    waiting = Job(studio.user_id, submit(studio))
    done = job(studio.database, "completed", user_id=studio.user_id)
    other = job(studio.database, user_id=studio.user_id)
    studio.mine.run(project_jobs.link, project_id=studio.project_id, job_id=done.id)
    studio.mine.run(projects.delete, id=studio.project_id)
    assert [
        status(studio.database, one) for one in (running, waiting, done, other)
    ] == [
        "running",
        "cancelled",
        "completed",
        "queued",
    ]
    [(asked,)] = look(
        studio.database,
        "select cancel_reason from work.jobs where id = %(id)s",
        id=running.id,
    )
    assert asked == "Its project was deleted."
    assert (
        studio.mine.run(project_jobs.list, project_id=studio.project_id, page_size=9)
        == []
    )
    with pytest.raises(TransitionRefused, match="This project was deleted"):
        submit(studio)


def test_a_projects_jobs_are_cancelled_together(studio: Studio) -> None:
    for _ in range(3):
        submit(studio)
    cancel = studio.mine.run(
        project_jobs.cancel_all, project_id=studio.project_id, reason="Enough."
    )
    assert cancel == 3
    listed = studio.mine.run(
        project_jobs.list, project_id=studio.project_id, page_size=9
    )
    assert {one.status for one in listed} == {JobStatus.CANCELLED}
    assert studio.mine.run(project_jobs.cancel_all, project_id=studio.project_id) == 0


def test_a_job_goes_on_without_its_project(studio: Studio) -> None:
    done = job(studio.database, "completed", user_id=studio.user_id)
    studio.mine.run(project_jobs.link, project_id=studio.project_id, job_id=done.id)
    studio.mine.run(projects.purge, id=studio.project_id)
    look(studio.database, "select studio.purge_projects(100)")
    with psycopg.connect(studio.database.admin_url) as conn:
        conn.execute("select studio.purge_projects(100)")
    assert look(studio.database, "select from studio.projects") == []
    assert status(studio.database, done) == "completed"


def test_a_scene_of_another_project_or_anothers_job_is_refused(studio: Studio) -> None:
    second = studio.mine.run(projects.create, title="The hare").id
    scene = studio.mine.run(scenes.create, project_id=second)
    with pytest.raises(Invalid, match="a scene of its own project"):
        studio.mine.run(
            steps.submit,
            project_id=studio.project_id,
            step=Kind.IMAGE,
            scene_id=scene.id,
        )
    strange = job(studio.database)
    with pytest.raises(NotFound, match="There is no job with this id"):
        studio.mine.run(
            project_jobs.link, project_id=studio.project_id, job_id=strange.id
        )
