"""A worker that takes downloads is told what each is to fetch, and keeps the files that it returns.

Generated from tests/worker/aio/test_downloads.py by `just generate`; do not edit.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests import factories
from tests.worker.support import user
from tests.worker.sync.colour import drain

from renderstore.media import FileState, download_files, downloads
from renderstore.media.downloads import Download
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.work import JobKind
from renderstore.worker import Job, Output

DOWNLOADS: dict[str, Any] = {"kinds": [JobKind.DOWNLOAD]}
LIST = "https://example.org/list"


def download(database: Database) -> UUID:
    """A download's user."""
    owner = user(database)
    with connect(database.url) as store:
        store.user(owner).run(downloads.submit, playlist_url=LIST, max_failures=1)
    return owner


def found(database: Database) -> list[tuple[Any, ...]]:
    return factories.look(
        database, "select status::text, file_paths, kept_bytes from media.downloads"
    )


def test_it_is_told_what_to_fetch_and_keeps_what_it_returns(
    database: Database,
) -> None:
    owner = download(database)
    seen: list[str] = []

    def render(job: Job) -> list[Output]:
        spec = job.spec(Download)
        seen.append(spec.playlist_url)
        return [Output(path=f"{owner}/a.mp4", size_bytes=7)]

    drain(database, render, **DOWNLOADS)
    assert seen == [LIST]
    assert found(database) == [("completed", [f"{owner}/a.mp4"], 7)]


def test_it_reports_file_by_file_and_ends_partly(database: Database) -> None:
    owner = download(database)
    with connect(database.url) as store:

        def render(job: Job) -> None:
            store.worker("w").run(
                download_files.report,
                user_id=job.user_id,
                id=job.id,
                attempt=job.attempt,
                video_ids=["a", "b"],
                states=[FileState.KEPT, FileState.FAILED],
                paths=[f"{owner}/a.mp4"],
            )

        drain(database, render, **DOWNLOADS)
    assert found(database) == [("partly", [f"{owner}/a.mp4"], 0)]


def test_a_file_that_lies_elsewhere_fails_the_download(
    database: Database,
) -> None:
    download(database)

    def render(job: Job) -> list[Output]:
        return [Output(path="/etc/passwd")]

    drain(database, render, **DOWNLOADS)
    assert found(database) == [("failed", None, 0)]
