# ruff: noqa: A001 (a query is named for what it does)

"""What characters do: plain rows of their owner, and the way from and to Aseprite.

Generated from sql/queries/studio/animations.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Json as _Json

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.studio.enums import Playback

_sql = _load("studio", "animations")


@_row
class Animation:
    """What create, get and find_by_name give."""

    id: UUID
    project_id: UUID
    character_id: UUID
    name: str
    frames_per_second: int
    playback: Playback
    repeats: int | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@_row
class ListedAnimation:
    """What list gives."""

    id: UUID
    name: str
    frames_per_second: int
    playback: Playback
    repeats: int | None


@_row
class ChangedAnimation:
    """What update, delete and restore give."""

    id: UUID
    name: str
    updated_at: datetime


@_row
class ImportedAnimation:
    """What import_aseprite gives."""

    id: UUID
    frames: int
    tags: int


def create(
    conn: _Connection[object],
    *,
    character_id: UUID,
    name: str,
    frames_per_second: int | None = None,
    playback: Playback | None = None,
    repeats: int | None = None,
) -> Animation:
    """The animation just created by the acting user."""
    return _one(
        conn,
        _sql["create"],
        {
            "character_id": character_id,
            "name": name,
            "frames_per_second": frames_per_second,
            "playback": playback,
            "repeats": repeats,
        },
        Animation,
    )


def get(conn: _Connection[object], *, id: UUID) -> Animation:
    """The acting user's animation with this id, a deleted one too."""
    return _one(conn, _sql["get"], {"id": id}, Animation)


def list(
    conn: _Connection[object],
    *,
    character_id: UUID,
    after_name: str | None = None,
    page_size: int,
) -> builtins.list[ListedAnimation]:
    """A page of a living character's living animations by their names, after this one
    (null for the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {
            "character_id": character_id,
            "after_name": after_name,
            "page_size": page_size,
        },
        ListedAnimation,
    )


def update(
    conn: _Connection[object],
    *,
    id: UUID,
    name: str,
    frames_per_second: int,
    playback: Playback,
    repeats: int | None = None,
) -> ChangedAnimation:
    """The acting user's living animation with these set anew; null repeats for ever."""
    return _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "name": name,
            "frames_per_second": frames_per_second,
            "playback": playback,
            "repeats": repeats,
        },
        ChangedAnimation,
    )


def delete(conn: _Connection[object], *, id: UUID) -> ChangedAnimation:
    """The animation just deleted; its frames stay, and use their assets, until its
    project is purged.
    """
    return _one(conn, _sql["delete"], {"id": id}, ChangedAnimation)


def restore(conn: _Connection[object], *, id: UUID) -> ChangedAnimation:
    """The animation that lives again, with its frames and tags."""
    return _one(conn, _sql["restore"], {"id": id}, ChangedAnimation)


def to_aseprite(
    conn: _Connection[object], *, id: UUID, is_array: bool | None = None
) -> Json:
    """The JSON that Aseprite exports for an animation: frames as an array, or as a
    hash by file name.
    """
    value: Json = _value(conn, _sql["to_aseprite"], {"id": id, "is_array": is_array})
    return value


def import_aseprite(
    conn: _Connection[object],
    *,
    character_id: UUID,
    name: str,
    data: Json,
    asset_id: UUID | None = None,
    user_id: UUID | None = None,
) -> ImportedAnimation:
    """The animation just made of what Aseprite exported, in array or hash form. Its
    image is found by its URI among the user's assets, else it is asset_id.
    """
    return _one(
        conn,
        _sql["import_aseprite"],
        {
            "character_id": character_id,
            "name": name,
            "data": _Json(data),
            "asset_id": asset_id,
            "user_id": user_id,
        },
        ImportedAnimation,
    )


def find_by_name(
    conn: _Connection[object], *, character_id: UUID, name: str
) -> Animation | None:
    """The living animation of the acting user with this name."""
    return _optional(
        conn,
        _sql["find_by_name"],
        {"character_id": character_id, "name": name},
        Animation,
    )
