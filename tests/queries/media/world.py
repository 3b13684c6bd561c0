"""What the portal's tests share: a user who asks, a worker that fetches, an administrator who decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.factories import look, plans, registered, users

from renderstore.media import FileState, download_files, downloads
from renderstore.media.download_files import ReportedFile
from renderstore.media.downloads import ClaimedDownload
from renderstore.store import SyncScope, SyncStore
from renderstore.testing import Database

LIST = "https://example.org/list?id=7"


class Portal:
    """One user of the portal."""

    def __init__(self, database: Database, store: SyncStore, **plan: Any) -> None:
        self.database = database
        self.store = store
        self.user_id: UUID = users.make(
            database, plan_id=plans.make(database, **{"max_priority": 10, **plan})
        )
        self.mine: SyncScope = store.user(self.user_id)
        self.admin: SyncScope = store.admin(reason="tests")

    def topics(self) -> list[str]:
        """What the user heard of, the first first."""
        return [
            str(row[0])
            for row in look(
                self.database,
                "select topic from ops.notices where user_id = %(id)s order by id",
                id=self.user_id,
            )
        ]

    def path(self, name: str) -> str:
        return f"{self.user_id}/{name}.mp4"

    def fetching(self, **given: Any) -> Fetcher:
        """A download of the user's that a worker has claimed."""
        self.mine.run(downloads.submit, playlist_url=LIST, **given)
        return self.claimed()

    def claimed(self, worker: str = "mac-1") -> Fetcher:
        scope = registered(self.store, worker)
        [job] = scope.run(downloads.claim, limit=1)
        return Fetcher(self, scope, job)


class Fetcher:
    """A worker that holds a download."""

    def __init__(self, portal: Portal, scope: SyncScope, job: ClaimedDownload) -> None:
        self.portal = portal
        self.scope = scope
        self.job = job
        self.key: dict[str, Any] = {
            "user_id": job.user_id,
            "id": job.id,
            "attempt": job.attempt,
        }

    def find(self, *video_ids: str) -> list[ReportedFile]:
        return self.scope.run(
            download_files.report, **self.key, video_ids=list(video_ids)
        )

    def report(
        self, states: dict[str, FileState | str], **more: Sequence[object]
    ) -> list[ReportedFile]:
        """What became of each; a kept one lies where its name says."""
        kept = [state == "kept" for state in states.values()]
        given: dict[str, Any] = {
            "paths": [
                self.portal.path(name) if is_kept else None
                for name, is_kept in zip(states, kept, strict=True)
            ],
            "sizes_bytes": [100 if is_kept else None for is_kept in kept],
        } | more
        return self.scope.run(
            download_files.report,
            **self.key,
            video_ids=list(states),
            states=[FileState(state) for state in states.values()],
            **given,
        )

    def finish(self) -> str:
        return str(self.scope.run(downloads.finish, **self.key))
