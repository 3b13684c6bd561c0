"""What a job reads and makes: sql/queries/studio/project_jobs.sql and steps.sql."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.factories import acting, job, registered

from renderstore.errors import (
    AssetInUse,
    LeaseLost,
    NotFound,
    TimedOut,
    TransitionRefused,
)
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import (
    AssetKind,
    AssetUse,
    StepKind,
    assets,
    project_jobs,
    projects,
    steps,
)
from renderstore.testing import Database
from renderstore.work import jobs

from .world import Studio, made


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


@pytest.fixture
def worker(store: SyncStore) -> SyncScope:
    return registered(store, "mac-1")


def submit(studio: Studio) -> UUID:
    return studio.mine.run(
        steps.submit, step=StepKind.IMAGE, project_id=studio.project_id
    ).id


def claimed(studio: Studio, worker: SyncScope) -> dict[str, Any]:
    """The lease of a step."""
    submit(studio)
    [one] = worker.run(steps.claim, limit=1)
    return {"user_id": one.user_id, "job_id": one.id, "attempt": one.attempt}


def test_a_worker_sees_what_its_job_reads(studio: Studio, worker: SyncScope) -> None:
    image, hidden = studio.image(), studio.image()
    step = submit(studio)
    added = studio.mine.run(
        project_jobs.add_inputs, job_id=step, asset_ids=[image, image]
    )
    assert added == 1
    assert studio.mine.run(project_jobs.add_inputs, job_id=step, asset_ids=[image]) == 0
    worker.run(steps.claim, limit=1)
    [used] = worker.run(project_jobs.list_assets, job_id=step)
    assert (used.id, used.use) == (image, AssetUse.INPUT)
    with acting(studio.database, "worker", None, "worker:mac-1") as conn:
        seen = conn.execute("select id from studio.assets").fetchall()
    assert (image,) in seen
    assert (hidden,) not in seen
    strange = job(studio.database)
    with pytest.raises(NotFound, match="There is no job"):
        studio.mine.run(project_jobs.add_inputs, job_id=strange.id, asset_ids=[image])
    with pytest.raises(NotFound, match="no kept asset"):
        studio.mine.run(project_jobs.add_inputs, job_id=step, asset_ids=[step])


def test_what_a_job_makes_is_its_owners(studio: Studio, worker: SyncScope) -> None:
    held = claimed(studio, worker)
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
    [output] = studio.mine.run(project_jobs.list_assets, job_id=held["job_id"])
    assert output.use is AssetUse.OUTPUT
    with pytest.raises(AssetInUse):
        studio.mine.run(assets.delete, id=begun.id)
    with pytest.raises(TransitionRefused):
        worker.run(steps.keep_output, **held, id=begun.id, size_bytes=60)
    worker.run(
        steps.finish,
        user_id=held["user_id"],
        id=held["job_id"],
        attempt=held["attempt"],
    )
    with pytest.raises(LeaseLost):
        worker.run(steps.begin_output, **held, kind=AssetKind.IMAGE, size_bytes=50)
    studio.mine.run(assets.delete, id=begun.id)


def test_a_worker_waits_for_no_row_that_the_user_holds(
    studio: Studio, worker: SyncScope
) -> None:
    held = claimed(studio, worker)
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
        project_jobs.link, project_id=studio.project_id, job_ids=[render.id]
    )
    studio.mine.run(project_jobs.add_inputs, job_id=render.id, asset_ids=[image])
    with pytest.raises(AssetInUse, match="a job that has not ended"):
        studio.mine.run(assets.delete, id=image)
    studio.mine.run(projects.delete, id=studio.project_id)
    studio.mine.run(projects.restore, id=studio.project_id)
    studio.mine.run(assets.delete, id=image)
    assert studio.mine.run(jobs.get, id=render.id).status == "cancelled"
