# ruff: noqa: A001 (a query is named for what it does)

"""The scenes of a project, in order. Functions place them; the rest is plain.

Generated from sql/queries/studio/scenes.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._json import JsonbList as _JsonbList
from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore._scope.aio.run import value as _value
from renderstore.studio.enums import SceneStatus
from renderstore.studio.scenes import (
    ChangedScene,
    DeletedScene,
    ListedScene,
    PlacedScene,
    Scene,
)

_sql = _load("studio", "scenes")


async def create(
    conn: _AsyncConnection[object],
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
    return await _one(
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


async def create_many(
    conn: _AsyncConnection[object],
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
    return await _many(
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


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Scene:
    """The acting user's scene with this id, a deleted one too."""
    return await _one(conn, _sql["get"], {"id": id}, Scene)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Scene | None:
    """The scene with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Scene)


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    after_position: int | None = None,
    page_size: int,
) -> builtins.list[ListedScene]:
    """A page of a project's living scenes in their order, after this place (null for
    the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {
            "project_id": project_id,
            "after_position": after_position,
            "page_size": page_size,
        },
        ListedScene,
    )


async def list_deleted(
    conn: _AsyncConnection[object], *, project_id: UUID, page_size: int
) -> builtins.list[DeletedScene]:
    """The last deleted scenes of a project."""
    return await _many(
        conn,
        _sql["list_deleted"],
        {"project_id": project_id, "page_size": page_size},
        DeletedScene,
    )


async def update(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    narration: str | None = None,
    image_prompt: str | None = None,
    duration_ms: int | None = None,
    config: Json,
) -> ChangedScene:
    """The acting user's living scene with these set anew; null is none."""
    return await _one(
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


async def set_status(
    conn: _AsyncConnection[object], *, id: UUID, status: SceneStatus
) -> ChangedScene:
    """The acting user's living scene with another status; studio.transitions says
    which may follow.
    """
    return await _one(
        conn, _sql["set_status"], {"id": id, "status": status}, ChangedScene
    )


async def move(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    to_position: int,
    user_id: UUID | None = None,
) -> int:
    """The place in its project that a scene has now: 1 to n, and what stands between
    moved by one.
    """
    value: int = await _value(
        conn, _sql["move"], {"id": id, "to_position": to_position, "user_id": user_id}
    )
    return value


async def reorder(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many scenes moved when the project's were put in this order, which names
    each living one once.
    """
    value: int = await _value(
        conn,
        _sql["reorder"],
        {"project_id": project_id, "ids": ids, "user_id": user_id},
    )
    return value


async def delete_many(
    conn: _AsyncConnection[object],
    *,
    ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many scenes of one project were deleted; the gaps are closed."""
    value: int = await _value(
        conn, _sql["delete_many"], {"ids": ids, "user_id": user_id}
    )
    return value


async def restore(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """The place of a scene that was deleted and lives again, as the last of its
    project.
    """
    value: int = await _value(conn, _sql["restore"], {"id": id, "user_id": user_id})
    return value
