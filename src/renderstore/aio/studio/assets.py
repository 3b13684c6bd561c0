# ruff: noqa: A001 (a query is named for what it does)

"""Assets: what is known of files. A file is kept after its bytes were reserved, and
removed by a janitor.

Generated from sql/queries/studio/assets.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore.studio.assets import (
    Asset,
    ChangedAsset,
    ListedAsset,
    ReservedAsset,
    StoredFile,
)
from renderstore.studio.enums import AssetKind

_sql = _load("studio", "assets")


async def begin(
    conn: _AsyncConnection[object],
    *,
    kind: AssetKind,
    size_bytes: int,
    suffix: str | None = None,
    project_id: UUID | None = None,
    name: str | None = None,
    media_type: str | None = None,
    provenance: Json | None = None,
    expires_at: datetime | None = None,
    user_id: UUID | None = None,
) -> ReservedAsset:
    """The asset just reserved, within the plan's bytes, and where its file is to lie.
    It is given up after a day unless it is kept.
    """
    return await _one(
        conn,
        _sql["begin"],
        {
            "kind": kind,
            "size_bytes": size_bytes,
            "suffix": suffix,
            "project_id": project_id,
            "name": name,
            "media_type": media_type,
            "provenance": None if provenance is None else _Jsonb(provenance),
            "expires_at": expires_at,
            "user_id": user_id,
        },
        ReservedAsset,
    )


async def keep(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    size_bytes: int,
    sha256: bytes | None = None,
    media_type: str | None = None,
    width: int | None = None,
    height: int | None = None,
    duration_ms: int | None = None,
    user_id: UUID | None = None,
) -> int:
    """The file of a reserved asset is there: its true size takes the place of the
    expected one.
    """
    return await _affected(
        conn,
        _sql["keep"],
        {
            "id": id,
            "size_bytes": size_bytes,
            "sha256": sha256,
            "media_type": media_type,
            "width": width,
            "height": height,
            "duration_ms": duration_ms,
            "user_id": user_id,
        },
    )


async def abandon(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """Gives up a reservation; whatever came of its file is removed."""
    return await _affected(conn, _sql["abandon"], {"id": id, "user_id": user_id})


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Asset:
    """The acting user's asset with this id, in whatever state."""
    return await _one(conn, _sql["get"], {"id": id}, Asset)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Asset | None:
    """The asset with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Asset)


async def find_by_sha256(
    conn: _AsyncConnection[object], *, sha256: bytes
) -> builtins.list[ListedAsset]:
    """The acting user's kept assets whose file has this hash, the earliest first."""
    return await _many(conn, _sql["find_by_sha256"], {"sha256": sha256}, ListedAsset)


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedAsset]:
    """A page of the kept assets of a project, or of those that belong to none, newest
    first.
    """
    return await _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ListedAsset,
    )


async def list_deleted(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[ListedAsset]:
    """A page of the acting user's expired and deleted assets, newest first: they can
    be restored while their file is there.
    """
    return await _many(
        conn,
        _sql["list_deleted"],
        {"before_id": before_id, "page_size": page_size},
        ListedAsset,
    )


async def update(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    name: str | None = None,
    provenance: Json | None = None,
    expires_at: datetime | None = None,
) -> ChangedAsset:
    """The acting user's kept asset with these set anew; null is none, and never."""
    return await _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "name": name,
            "provenance": None if provenance is None else _Jsonb(provenance),
            "expires_at": expires_at,
        },
        ChangedAsset,
    )


async def delete(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    is_final: bool | None = None,
    user_id: UUID | None = None,
) -> int:
    """Deletes an asset that nothing uses; its file stays for the plan's days, or goes
    at once where that is final.
    """
    return await _affected(
        conn, _sql["delete"], {"id": id, "is_final": is_final, "user_id": user_id}
    )


async def restore(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """An expired or deleted asset is kept again; refused once the janitor has its
    file.
    """
    return await _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})


async def list_files(
    conn: _AsyncConnection[object],
    *,
    after_user_id: UUID | None = None,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[StoredFile]:
    """A page of the files that are said to be there, whosever they are, for who sees
    every row.
    """
    return await _many(
        conn,
        _sql["list_files"],
        {"after_user_id": after_user_id, "after_id": after_id, "page_size": page_size},
        StoredFile,
    )


async def mark_missing(
    conn: _AsyncConnection[object], *, user_id: UUID, id: UUID, is_missing: bool
) -> int:
    """Notes that reconcile found no file for an asset, or found it again; an
    administrator's.
    """
    return await _affected(
        conn,
        _sql["mark_missing"],
        {"user_id": user_id, "id": id, "is_missing": is_missing},
    )
