"""What each kind of job needs of its room: a description, and an end with the files that were made.

A room that brings a kind adds a class here, and its line to KINDS: the loop, `job.spec()` and
`renderstore work` know the kind from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from renderstore._scope.aio.store import AsyncScope
from renderstore.aio.render import jobs as renders
from renderstore.aio.studio import steps
from renderstore.aio.work import jobs
from renderstore.errors import Invalid
from renderstore.render.jobs import Job as RenderJob
from renderstore.studio.steps import Step
from renderstore.work import JobKind
from renderstore.worker._job import HeldJob
from renderstore.worker._outcomes import Output

Spec = RenderJob | Step
"""What a job is to do, as its room says it."""


class AsyncKind:
    """A kind that nothing describes yet and that keeps no files."""

    has_spec = False

    def __init__(self, name: JobKind) -> None:
        self.name = name

    async def find_spec(self, scope: AsyncScope, id: UUID) -> Spec | None:
        """What the job is to do; None when it is gone."""
        raise LookupError(f"Nothing describes jobs of the kind {self.name} yet.")

    async def finish(
        self, scope: AsyncScope, job: HeldJob, outputs: Sequence[Output]
    ) -> None:
        """Report its end, with the files that it made."""
        if outputs:
            raise Invalid(f"A job of the kind {self.name} keeps no files.")
        await scope.run(
            jobs.finish, user_id=job.user_id, id=job.id, attempt=job.attempt
        )


class AsyncRenderKind(AsyncKind):
    """What render.jobs shows, and render.outputs keeps."""

    has_spec = True

    async def find_spec(self, scope: AsyncScope, id: UUID) -> Spec | None:
        return await scope.run(renders.find_by_id, id=id)

    async def finish(
        self, scope: AsyncScope, job: HeldJob, outputs: Sequence[Output]
    ) -> None:
        # A list for PostgreSQL may hold nulls; the typed function does not say so.
        await scope.run(
            renders.finish,
            user_id=job.user_id,
            id=job.id,
            attempt=job.attempt,
            paths=[each.path for each in outputs],
            sizes_bytes=cast("list[int]", [each.size_bytes for each in outputs]),
            media_types=cast("list[str]", [each.media_type for each in outputs]),
        )


class AsyncStepKind(AsyncKind):
    """What studio.steps shows. Its files are assets that were begun for the job, and are kept with its end."""

    has_spec = True

    async def find_spec(self, scope: AsyncScope, id: UUID) -> Spec | None:
        return await scope.run(steps.find_by_id, id=id)

    async def finish(
        self, scope: AsyncScope, job: HeldJob, outputs: Sequence[Output]
    ) -> None:
        await scope.run(
            steps.finish_with_outputs,
            user_id=job.user_id,
            id=job.id,
            attempt=job.attempt,
            uris=[each.path for each in outputs],
            sizes_bytes=cast("list[int]", [each.size_bytes for each in outputs]),
            media_types=cast("list[str]", [each.media_type for each in outputs]),
        )


KINDS = {
    each.name: each
    for each in (
        AsyncRenderKind(JobKind.RENDER),
        AsyncKind(JobKind.DOWNLOAD),
        AsyncStepKind(JobKind.STEP),
    )
}
