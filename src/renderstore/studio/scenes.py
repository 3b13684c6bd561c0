# ruff: noqa: A001 (a query is named for what it does)

"""The scenes of a project, in order. Functions place them; the rest is plain.

Generated from sql/queries/studio/scenes.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._json import JsonbList as _JsonbList
from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional
from renderstore._scope.sync.run import value as _value
from renderstore.studio.enums import SceneStatus

_sql = _load("studio", "scenes")


@_row
class PlacedScene:
    """What create and create_many give."""

    id: UUID
    position: int


@_row
class Scene:
    """What get and find_by_id give."""

    user_id: UUID
    id: UUID
    project_id: UUID
    position: int | None
    status: SceneStatus
    narration: str | None
    image_prompt: str | None
    duration_ms: int | None
    config: Json
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@_row
class ListedScene:
    """What list gives."""

    id: UUID
    position: int
    status: SceneStatus
    narration: str | None
    image_prompt: str | None
    duration_ms: int | None


@_row
class DeletedScene:
    """What list_deleted gives."""

    id: UUID
    narration: str | None
    deleted_at: datetime


@_row
class ChangedScene:
    """What update and set_status give."""

    id: UUID
    status: SceneStatus
    updated_at: datetime


def create(
    conn: _Connection[object],
    *,
    project_id: UUID,
    narration: str | None = None,
    image_prompt: str | None = None,
    duration_ms: int | None = None,
    config: Json | None = None,
    at_position: int | None = None,
    user_id: UUID | None = None,
) -> PlacedScene:
    """The scene just created, at the end of its project or at a place, whence the
    others move.
    """
    return _one(
        conn,
        _sql["create"],
        {
            "project_id": project_id,
            "narration": narration,
            "image_prompt": image_prompt,
            "duration_ms": duration_ms,
            "config": None if config is None else _Jsonb(config),
            "at_position": at_position,
            "user_id": user_id,
        },
        PlacedScene,
    )


def create_many(
    conn: _Connection[object],
    *,
    project_id: UUID,
    narrations: builtins.list[str] | None = None,
    image_prompts: builtins.list[str] | None = None,
    durations_ms: builtins.list[int] | None = None,
    configs: builtins.list[Json] | None = None,
    at_position: int | None = None,
    user_id: UUID | None = None,
) -> builtins.list[PlacedScene]:
    """The scenes just created, in the order given, as many as the longest list has,
    all of them or none. A list that is null says nothing of any scene.
    """
    return _many(
        conn,
        _sql["create_many"],
        {
            "project_id": project_id,
            "narrations": narrations,
            "image_prompts": image_prompts,
            "durations_ms": durations_ms,
            "configs": None if configs is None else _JsonbList(configs),
            "at_position": at_position,
            "user_id": user_id,
        },
        PlacedScene,
    )


def get(conn: _Connection[object], *, id: UUID) -> Scene:
    """The acting user's scene with this id, a deleted one too."""
    return _one(conn, _sql["get"], {"id": id}, Scene)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Scene | None:
    """The scene with this id alone, whoever owns it, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Scene)


def list(
    conn: _Connection[object],
    *,
    project_id: UUID,
    after_position: int | None = None,
    page_size: int,
) -> builtins.list[ListedScene]:
    """A page of a project's living scenes in their order, after this place (null for
    the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {
            "project_id": project_id,
            "after_position": after_position,
            "page_size": page_size,
        },
        ListedScene,
    )


def list_deleted(
    conn: _Connection[object], *, project_id: UUID, page_size: int
) -> builtins.list[DeletedScene]:
    """The last deleted scenes of a project."""
    return _many(
        conn,
        _sql["list_deleted"],
        {"project_id": project_id, "page_size": page_size},
        DeletedScene,
    )


def update(
    conn: _Connection[object],
    *,
    id: UUID,
    narration: str | None = None,
    image_prompt: str | None = None,
    duration_ms: int | None = None,
    config: Json,
) -> ChangedScene:
    """The acting user's living scene with these set anew; null is none."""
    return _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "narration": narration,
            "image_prompt": image_prompt,
            "duration_ms": duration_ms,
            "config": _Jsonb(config),
        },
        ChangedScene,
    )


def set_status(
    conn: _Connection[object], *, id: UUID, status: SceneStatus
) -> ChangedScene:
    """The acting user's living scene with another status; studio.transitions says
    which may follow.
    """
    return _one(conn, _sql["set_status"], {"id": id, "status": status}, ChangedScene)


def move(
    conn: _Connection[object],
    *,
    id: UUID,
    to_position: int,
    user_id: UUID | None = None,
) -> int:
    """The place in its project that a scene has now: 1 to n, and what stands between
    moved by one.
    """
    value: int = _value(
        conn, _sql["move"], {"id": id, "to_position": to_position, "user_id": user_id}
    )
    return value


def reorder(
    conn: _Connection[object],
    *,
    project_id: UUID,
    ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many scenes moved when the project's were put in this order, which names
    each living one once.
    """
    value: int = _value(
        conn,
        _sql["reorder"],
        {"project_id": project_id, "ids": ids, "user_id": user_id},
    )
    return value


def delete_many(
    conn: _Connection[object], *, ids: builtins.list[UUID], user_id: UUID | None = None
) -> int:
    """How many scenes of one project were deleted; the gaps are closed."""
    value: int = _value(conn, _sql["delete_many"], {"ids": ids, "user_id": user_id})
    return value


def restore(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """The place of a scene that was deleted and lives again, as the last of its
    project.
    """
    value: int = _value(conn, _sql["restore"], {"id": id, "user_id": user_id})
    return value
