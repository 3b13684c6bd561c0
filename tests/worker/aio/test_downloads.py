"""A worker that takes downloads is told what each is to fetch, and keeps the files that it returns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests import factories
from tests.worker.aio.colour import drain
from tests.worker.support import user

from renderstore.aio.media import download_files, downloads
from renderstore.media import FileState
from renderstore.media.downloads import Download
from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.work import JobKind
from renderstore.worker import AsyncJob, Output

DOWNLOADS: dict[str, Any] = {"kinds": [JobKind.DOWNLOAD]}
LIST = "https://example.org/list"


async def download(database: Database) -> UUID:
    """A download's user."""
    owner = user(database)
    async with aconnect(database.url) as store:
        await store.user(owner).run(downloads.submit, playlist_url=LIST, max_failures=1)
    return owner


def found(database: Database) -> list[tuple[Any, ...]]:
    return factories.look(
        database, "select status::text, file_paths, kept_bytes from media.downloads"
    )


async def test_it_is_told_what_to_fetch_and_keeps_what_it_returns(
    database: Database,
) -> None:
    owner = await download(database)
    seen: list[str] = []

    async def render(job: AsyncJob) -> list[Output]:
        spec = await job.spec(Download)
        seen.append(spec.playlist_url)
        return [Output(path=f"{owner}/a.mp4", size_bytes=7)]

    await drain(database, render, **DOWNLOADS)
    assert seen == [LIST]
    assert found(database) == [("completed", [f"{owner}/a.mp4"], 7)]


async def test_it_reports_file_by_file_and_ends_partly(database: Database) -> None:
    owner = await download(database)
    async with aconnect(database.url) as store:

        async def render(job: AsyncJob) -> None:
            await store.worker("w").run(
                download_files.report,
                user_id=job.user_id,
                id=job.id,
                attempt=job.attempt,
                video_ids=["a", "b"],
                states=[FileState.KEPT, FileState.FAILED],
                paths=[f"{owner}/a.mp4"],
            )

        await drain(database, render, **DOWNLOADS)
    assert found(database) == [("partly", [f"{owner}/a.mp4"], 0)]


async def test_a_file_that_lies_elsewhere_fails_the_download(
    database: Database,
) -> None:
    await download(database)

    async def render(job: AsyncJob) -> list[Output]:
        return [Output(path="/etc/passwd")]

    await drain(database, render, **DOWNLOADS)
    assert found(database) == [("failed", None, 0)]
