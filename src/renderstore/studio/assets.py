# ruff: noqa: A001 (a query is named for what it does)

"""Assets: what is known of files. A file is kept after its bytes were reserved, and
removed by a janitor.

Generated from sql/queries/studio/assets.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore.studio.enums import AssetKind, AssetState

_sql = _load("studio", "assets")


@_row
class ReservedAsset:
    """What begin gives."""

    id: UUID
    uri: str
    reserved_until_at: datetime


@_row
class Asset:
    """What get and find_by_id give."""

    user_id: UUID
    id: UUID
    project_id: UUID | None
    kind: AssetKind
    state: AssetState
    uri: str
    name: str | None
    size_bytes: int
    media_type: str | None
    sha256: bytes | None
    width: int | None
    height: int | None
    duration_ms: int | None
    provenance: Json | None
    created_at: datetime
    updated_at: datetime
    kept_at: datetime | None
    expires_at: datetime | None
    deleted_at: datetime | None
    missing_at: datetime | None


@_row
class ListedAsset:
    """What find_by_sha256, list and list_deleted give."""

    id: UUID
    project_id: UUID | None
    kind: AssetKind
    state: AssetState
    uri: str
    name: str | None
    size_bytes: int
    expires_at: datetime | None


@_row
class ChangedAsset:
    """What update gives."""

    id: UUID
    state: AssetState
    name: str | None
    expires_at: datetime | None


@_row
class StoredFile:
    """What list_files gives."""

    user_id: UUID
    id: UUID
    state: AssetState
    uri: str
    size_bytes: int
    missing_at: datetime | None


def begin(
    conn: _Connection[object],
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
    return _one(
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


def keep(
    conn: _Connection[object],
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
    return _affected(
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


def abandon(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """Gives up a reservation; whatever came of its file is removed."""
    return _affected(conn, _sql["abandon"], {"id": id, "user_id": user_id})


def get(conn: _Connection[object], *, id: UUID) -> Asset:
    """The acting user's asset with this id, in whatever state."""
    return _one(conn, _sql["get"], {"id": id}, Asset)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Asset | None:
    """The asset with this id alone, whoever owns it, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Asset)


def find_by_sha256(
    conn: _Connection[object], *, sha256: bytes
) -> builtins.list[ListedAsset]:
    """The acting user's kept assets whose file has this hash, the earliest first."""
    return _many(conn, _sql["find_by_sha256"], {"sha256": sha256}, ListedAsset)


def list(
    conn: _Connection[object],
    *,
    project_id: UUID | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[ListedAsset]:
    """A page of the kept assets of a project, or of those that belong to none, newest
    first.
    """
    return _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "before_id": before_id, "page_size": page_size},
        ListedAsset,
    )


def list_deleted(
    conn: _Connection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[ListedAsset]:
    """A page of the acting user's expired and deleted assets, newest first: they can
    be restored while their file is there.
    """
    return _many(
        conn,
        _sql["list_deleted"],
        {"before_id": before_id, "page_size": page_size},
        ListedAsset,
    )


def update(
    conn: _Connection[object],
    *,
    id: UUID,
    name: str | None = None,
    provenance: Json | None = None,
    expires_at: datetime | None = None,
) -> ChangedAsset:
    """The acting user's kept asset with these set anew; null is none, and never."""
    return _one(
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


def delete(
    conn: _Connection[object],
    *,
    id: UUID,
    is_final: bool | None = None,
    user_id: UUID | None = None,
) -> int:
    """Deletes an asset that nothing uses; its file stays for the plan's days, or goes
    at once where that is final.
    """
    return _affected(
        conn, _sql["delete"], {"id": id, "is_final": is_final, "user_id": user_id}
    )


def restore(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """An expired or deleted asset is kept again; refused once the janitor has its
    file.
    """
    return _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})


def list_files(
    conn: _Connection[object],
    *,
    after_user_id: UUID | None = None,
    after_id: UUID | None = None,
    page_size: int,
) -> builtins.list[StoredFile]:
    """A page of the files that are said to be there, whosever they are, for who sees
    every row.
    """
    return _many(
        conn,
        _sql["list_files"],
        {"after_user_id": after_user_id, "after_id": after_id, "page_size": page_size},
        StoredFile,
    )


def mark_missing(
    conn: _Connection[object], *, user_id: UUID, id: UUID, is_missing: bool
) -> int:
    """Notes that reconcile found no file for an asset, or found it again; an
    administrator's.
    """
    return _affected(
        conn,
        _sql["mark_missing"],
        {"user_id": user_id, "id": id, "is_missing": is_missing},
    )
