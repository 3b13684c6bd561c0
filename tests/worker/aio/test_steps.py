"""A worker that takes steps is told what each is to do, and keeps the files that it began."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests import factories
from tests.worker.aio.colour import drain
from tests.worker.support import job, submit, user

from renderstore.aio.studio import project_jobs, projects, steps
from renderstore.render.jobs import Job as RenderJob
from renderstore.store import AsyncStore, aconnect
from renderstore.studio import AssetKind, StepKind
from renderstore.studio.steps import ReservedOutput, Step
from renderstore.testing import Database
from renderstore.work import JobKind
from renderstore.worker import AsyncJob, Output

STEPS: dict[str, Any] = {"kinds": [JobKind.STEP]}


async def step(database: Database, **given: Any) -> tuple[UUID, UUID, UUID]:
    """A step of a new project: its user, the project, the job."""
    owner = user(database)
    async with aconnect(database.url) as store:
        mine = store.user(owner)
        project = await mine.run(projects.create, title="The fox")
        made = await mine.run(
            steps.submit,
            step=StepKind.IMAGE,
            project_id=project.id,
            max_failures=1,
            **given,
        )
    return owner, project.id, made.id


async def begin(store: AsyncStore, job: AsyncJob, size_bytes: int) -> ReservedOutput:
    """A file that the job is about to make."""
    return await store.worker("w").run(
        steps.begin_output,
        user_id=job.user_id,
        job_id=job.id,
        attempt=job.attempt,
        kind=AssetKind.IMAGE,
        size_bytes=size_bytes,
        suffix="png",
    )


def assets(database: Database) -> list[tuple[str, int, str | None]]:
    """Every asset: where it stands, its size and its type."""
    found = factories.look(
        database,
        "select state::text, size_bytes, media_type from studio.assets order by size_bytes",
    )
    return [(row[0], row[1], row[2]) for row in found]


async def test_a_step_says_what_it_is_to_do(database: Database) -> None:
    _, project, one = await step(
        database, provider="a provider", config={"prompt": "A fox in the snow."}
    )
    seen: list[Step] = []

    async def render(job: AsyncJob) -> None:
        seen.append(await job.spec(Step))
        unnamed: list[object] = [await job.spec()]
        assert unnamed[0] is seen[0]
        with pytest.raises(TypeError, match=r"This job is a step: it has no .*\.Job"):
            await job.spec(RenderJob)

    await drain(database, render, **STEPS)
    assert job(database, one)["status"] == "completed"
    assert (seen[0].step, seen[0].project_id, seen[0].provider, seen[0].config) == (
        StepKind.IMAGE,
        project,
        "a provider",
        {"prompt": "A fox in the snow."},
    )


async def test_a_render_has_no_step(database: Database) -> None:
    [one] = submit(database, user(database))

    async def render(job: AsyncJob) -> None:
        await job.spec(Step)

    await drain(database, render)
    assert "This job is a render: it has no" in job(database, one)["error_message"]


async def test_a_step_that_is_taken_over_says_how_far_it_is(database: Database) -> None:
    _, _, one = await step(database)
    seen: list[Step] = []

    async with aconnect(database.url) as store:

        async def render(job: AsyncJob) -> None:
            seen.append(await job.spec(Step))
            if job.attempt == 1:
                await store.worker("w").run(
                    steps.report,
                    user_id=job.user_id,
                    id=job.id,
                    attempt=1,
                    provider_task_id="task-7",
                    last_completed_part=3,
                )
                factories.look(
                    database,
                    "select work.end_run(j, 'lost', 'lost') from work.jobs as j",
                )

        await drain(database, render, **STEPS)
    assert job(database, one)["status"] == "completed"
    assert [(each.provider_task_id, each.last_completed_part) for each in seen] == [
        (None, 0),
        ("task-7", 3),
    ]


async def test_files_of_a_step_are_kept_with_its_end(database: Database) -> None:
    owner, _, one = await step(database)
    async with aconnect(database.url) as store:

        async def render(job: AsyncJob) -> list[Output]:
            sized, unsized, left = [
                await begin(store, job, size) for size in (10, 20, 30)
            ]
            kept = await begin(store, job, 40)
            await store.worker("w").run(
                steps.keep_output,
                user_id=job.user_id,
                job_id=job.id,
                attempt=job.attempt,
                id=kept.id,
                size_bytes=44,
            )
            assert left.uri != kept.uri
            return [
                Output(path=sized.uri, size_bytes=11, media_type="image/png"),
                Output(path=unsized.uri),
                Output(path=kept.uri, size_bytes=99),
            ]

        await drain(database, render, **STEPS)
        assert job(database, one)["status"] == "completed"
        mine = store.user(owner)
        assert len(await mine.run(project_jobs.list_assets, job_id=one)) == 4
    assert assets(database) == [
        ("kept", 11, "image/png"),
        ("kept", 20, None),
        ("reserved", 30, None),
        ("kept", 44, None),
    ]


async def test_a_file_that_the_step_did_not_begin_fails_it(database: Database) -> None:
    _, _, one = await step(database)
    async with aconnect(database.url) as store:

        async def render(job: AsyncJob) -> list[Output]:
            begun = await begin(store, job, 10)
            return [Output(path=begun.uri), Output(path="/renders/a.mov")]

        await drain(database, render, **STEPS)
    found = job(database, one)
    assert (found["status"], found["error_class"]) == ("failed", "invalid")
    assert "The job began no file with the URI /renders/a.mov" in found["error_message"]
    assert assets(database) == [("reserved", 10, None)]
