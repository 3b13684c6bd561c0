"""The files of downloads, and what a user keeps of them.

Generated from sql/queries/media/download_files.sql by `just generate`; do not edit.
"""

from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.media.download_files import DownloadFile, KeptFile, ReportedFile
from renderstore.media.enums import FileState

_sql = _load("media", "download_files")


async def list_by_download(
    conn: _AsyncConnection[object],
    *,
    job_id: UUID,
    after_position: int | None = None,
    page_size: int,
) -> list[DownloadFile]:
    """A page of the files of the acting user's download in the order of the playlist,
    after this place (null for the first page).
    """
    return await _many(
        conn,
        _sql["list_by_download"],
        {"job_id": job_id, "after_position": after_position, "page_size": page_size},
        DownloadFile,
    )


async def list_kept(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> list[DownloadFile]:
    """A page of all files that the acting user keeps, newest first, before the one
    with this id (null for the first page): those of cleared downloads too.
    """
    return await _many(
        conn,
        _sql["list_kept"],
        {"before_id": before_id, "page_size": page_size},
        DownloadFile,
    )


async def list_files(
    conn: _AsyncConnection[object],
    *,
    after_user_id: UUID | None = None,
    after_id: UUID | None = None,
    page_size: int,
) -> list[KeptFile]:
    """A page of all kept files, whosever they are, for who compares them with what is
    on disk.
    """
    return await _many(
        conn,
        _sql["list_files"],
        {"after_user_id": after_user_id, "after_id": after_id, "page_size": page_size},
        KeptFile,
    )


async def report(
    conn: _AsyncConnection[object],
    *,
    user_id: UUID,
    id: UUID,
    attempt: int,
    video_ids: list[str],
    states: list[FileState] | None = None,
    titles: list[str] | None = None,
    paths: list[str] | None = None,
    sizes_bytes: list[int] | None = None,
    error_classes: list[str] | None = None,
    error_messages: list[str] | None = None,
) -> list[ReportedFile]:
    """How each file of a download stands after what its worker says of them; without
    states it has found them in the playlist. is_wanted: it is to be fetched.
    known_path: where its user has the same video. Refused without the current
    lease.
    """
    return await _many(
        conn,
        _sql["report"],
        {
            "user_id": user_id,
            "id": id,
            "attempt": attempt,
            "video_ids": video_ids,
            "states": states,
            "titles": titles,
            "paths": paths,
            "sizes_bytes": sizes_bytes,
            "error_classes": error_classes,
            "error_messages": error_messages,
        },
        ReportedFile,
    )


async def remove(
    conn: _AsyncConnection[object], *, ids: list[UUID], user_id: UUID | None = None
) -> int:
    """How many kept files were removed, on purpose: the janitor takes them away, and
    no download fetches their videos again.
    """
    value: int = await _value(conn, _sql["remove"], {"ids": ids, "user_id": user_id})
    return value


async def mark_missing(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID
) -> bool:
    """Whether a file was kept that is gone from disk: it failed, and a retry fetches
    it anew; an administrator's.
    """
    value: bool = await _value(
        conn, _sql["mark_missing"], {"user_id": user_id, "id": id}
    )
    return value


async def forget_removed(
    conn: _AsyncConnection[object], *, video_ids: list[str], user_id: UUID | None = None
) -> int:
    """How many files of these videos had been removed on purpose, and may be fetched
    again.
    """
    value: int = await _value(
        conn, _sql["forget_removed"], {"video_ids": video_ids, "user_id": user_id}
    )
    return value
