# ruff: noqa: A001 (a query is named for what it does)

"""Downloads: jobs that fetch a playlist, file by file.

Generated from sql/queries/media/downloads.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import claimed as _claimed
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.media.enums import DownloadStatus
from renderstore.work.enums import DependencyRule

_sql = _load("media", "downloads")


@_row
class SubmittedDownload:
    """What submit gives."""

    is_new: bool
    user_id: UUID
    id: UUID
    queued_at: datetime


@_row
class Download:
    """What get and find_by_id give."""

    user_id: UUID
    id: UUID
    status: DownloadStatus
    priority: int
    progress: int
    attempt: int
    failures: int
    max_failures: int
    lost_leases: int
    backoff_s: int
    estimated_s: int | None
    actual_s: float | None
    labels: builtins.list[str]
    playlist_url: str
    playlist_title: str | None
    plex_collection_id: str | None
    options: Json
    files: int
    kept_files: int
    failed_files: int
    kept_bytes: int
    file_paths: Json | None
    submitted_by: str
    idempotency_key: str | None
    held_by: str | None
    lease_expires_at: datetime | None
    exit_code: int | None
    error_class: str | None
    error_message: str | None
    cancel_reason: str | None
    due_at: datetime | None
    auto_cancel_at: datetime | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested_at: datetime | None


@_row
class ListedDownload:
    """What list gives."""

    id: UUID
    status: DownloadStatus
    priority: int
    progress: int
    playlist_url: str
    playlist_title: str | None
    queued_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_requested_at: datetime | None
    error_class: str | None


@_row
class ClaimedDownload:
    """What claim gives."""

    user_id: UUID
    id: UUID
    attempt: int
    lease_expires_at: datetime
    playlist_url: str
    playlist_title: str | None
    plex_collection_id: str | None
    options: Json


@_row
class RetriedDownload:
    """What retry_failed gives."""

    status: DownloadStatus
    files: int


def submit(
    conn: _Connection[object],
    *,
    playlist_url: str,
    playlist_title: str | None = None,
    plex_collection_id: str | None = None,
    options: Json | None = None,
    priority: int | None = None,
    labels: builtins.list[str] | None = None,
    max_failures: int | None = None,
    backoff_s: int | None = None,
    estimated_s: int | None = None,
    due_at: datetime | None = None,
    auto_cancel_at: datetime | None = None,
    idempotency_key: str | None = None,
    needs_job_ids: builtins.list[UUID] | None = None,
    on_failure: DependencyRule | None = None,
    validate_first: bool | None = None,
    user_id: UUID | None = None,
) -> SubmittedDownload:
    """The download just submitted by the acting user, or for the one that an
    administrator names; a repeat of an idempotency key gives the job that is there.
    validate_first: a worker looks at it before it is queued.
    """
    return _one(
        conn,
        _sql["submit"],
        {
            "playlist_url": playlist_url,
            "playlist_title": playlist_title,
            "plex_collection_id": plex_collection_id,
            "options": None if options is None else _Jsonb(options),
            "priority": priority,
            "labels": labels,
            "max_failures": max_failures,
            "backoff_s": backoff_s,
            "estimated_s": estimated_s,
            "due_at": due_at,
            "auto_cancel_at": auto_cancel_at,
            "idempotency_key": idempotency_key,
            "needs_job_ids": needs_job_ids,
            "on_failure": on_failure,
            "validate_first": validate_first,
            "user_id": user_id,
        },
        SubmittedDownload,
    )


def get(conn: _Connection[object], *, id: UUID) -> Download:
    """The acting user's download with this id."""
    return _one(conn, _sql["get"], {"id": id}, Download)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Download | None:
    """The download with this id alone, whoever owns it, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Download)


def list(
    conn: _Connection[object],
    *,
    status: DownloadStatus | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedDownload]:
    """A page of the acting user's downloads, newest first, before the one with this id
    (null for the first page); of one status where it is named (downloading, which
    is the queue's running; partly, with completed, which is the queue's completed).
    """
    return _many(
        conn,
        _sql["list"],
        {"status": status, "before_id": before_id, "page_size": page_size},
        ListedDownload,
    )


def claim(
    conn: _Connection[object], *, limit: int, lease: timedelta | None = None
) -> builtins.list[ClaimedDownload]:
    """Up to limit downloads for the acting worker, with what each is to fetch. The
    attempt is the token to report with.
    """
    return _claimed(
        conn, _sql["claim"], {"limit": limit, "lease": lease}, ClaimedDownload
    )


def describe(
    conn: _Connection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    playlist_title: str | None = None,
    plex_collection_id: str | None = None,
) -> int:
    """Keeps what the playlist is called, as its worker found it, and its collection in
    Plex. What is null stays as it was. Refused without the current lease.
    """
    return _affected(
        conn,
        _sql["describe"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "playlist_title": playlist_title,
            "plex_collection_id": plex_collection_id,
        },
    )


def finish(
    conn: _Connection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    paths: builtins.list[str] | None = None,
    sizes_bytes: builtins.list[int] | None = None,
) -> DownloadStatus:
    """What became of a download, with these files kept besides: completed, partly
    where files are missing; where nothing was kept it failed, or is tried again.
    Refused without the current lease.
    """
    value: DownloadStatus = _value(
        conn,
        _sql["finish"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "paths": paths,
            "sizes_bytes": sizes_bytes,
        },
    )
    return value


def retry_failed(
    conn: _Connection[object],
    *,
    id: UUID,
    error_class: str | None = None,
    user_id: UUID | None = None,
) -> RetriedDownload:
    """A download that has ended waits anew, for the files that failed with this class,
    or in any way that is worth another try; how many that are.
    """
    return _one(
        conn,
        _sql["retry_failed"],
        {"id": id, "error_class": error_class, "user_id": user_id},
        RetriedDownload,
    )
