"""What each kind of job needs of its room: a description, and an end with the files that were made.

A room that brings a kind adds a class here, its line to KINDS, and what it describes to Spec: the loop, `job.spec()`
and `renderstore work` know the kind from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, cast
from uuid import UUID

from renderstore._scope.aio.store import AsyncScope
from renderstore.aio.media import downloads
from renderstore.aio.render import jobs as renders
from renderstore.aio.studio import steps
from renderstore.media.downloads import Download
from renderstore.render.jobs import Job as RenderJob
from renderstore.studio.steps import Step
from renderstore.work import JobKind
from renderstore.worker._job import HeldJob
from renderstore.worker._outcomes import Output

Spec = RenderJob | Download | Step
"""What a job is to do, as its room says it."""

S = TypeVar("S", bound=Spec)
"""One of them, where whoever asks names it."""


class AsyncKind(Protocol):
    """What the loop asks of a kind."""

    async def find_spec(self, scope: AsyncScope, id: UUID) -> Spec | None:
        """What the job is to do; None when it is gone."""
        ...

    async def finish(
        self, scope: AsyncScope, job: HeldJob, outputs: Sequence[Output]
    ) -> None:
        """Report its end, with the files that it made."""
        ...


class AsyncRenderKind:
    """What render.jobs shows, and render.outputs keeps."""

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


class AsyncDownloadKind:
    """What media.downloads shows. Its files are named by where they lie below their owner's id, and kept with its end."""

    async def find_spec(self, scope: AsyncScope, id: UUID) -> Spec | None:
        return await scope.run(downloads.find_by_id, id=id)

    async def finish(
        self, scope: AsyncScope, job: HeldJob, outputs: Sequence[Output]
    ) -> None:
        await scope.run(
            downloads.finish,
            user_id=job.user_id,
            id=job.id,
            attempt=job.attempt,
            paths=[each.path for each in outputs],
            sizes_bytes=cast("list[int]", [each.size_bytes for each in outputs]),
        )


class AsyncStepKind:
    """What studio.steps shows. Its files are assets that were begun for the job, and are kept with its end."""

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


KINDS: dict[JobKind, AsyncKind] = {
    JobKind.RENDER: AsyncRenderKind(),
    JobKind.DOWNLOAD: AsyncDownloadKind(),
    JobKind.STEP: AsyncStepKind(),
}
