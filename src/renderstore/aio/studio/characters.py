# ruff: noqa: A001 (a query is named for what it does)

"""Who appears in a project: plain rows of their owner.

Generated from sql/queries/studio/characters.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore._scope.aio.run import optional as _optional
from renderstore.studio.characters import ChangedCharacter, Character, ListedCharacter

_sql = _load("studio", "characters")


async def create(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    name: str,
    description: str | None = None,
    config: Json | None = None,
) -> Character:
    """The character just created by the acting user."""
    return await _one(
        conn,
        _sql["create"],
        {
            "project_id": project_id,
            "name": name,
            "description": description,
            "config": None if config is None else _Jsonb(config),
        },
        Character,
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Character:
    """The acting user's character with this id, a deleted one too."""
    return await _one(conn, _sql["get"], {"id": id}, Character)


async def list(
    conn: _AsyncConnection[object],
    *,
    project_id: UUID,
    after_name: str | None = None,
    page_size: int,
) -> builtins.list[ListedCharacter]:
    """A page of a project's living characters by their names, after this one (null for
    the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "after_name": after_name, "page_size": page_size},
        ListedCharacter,
    )


async def update(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    name: str,
    description: str | None = None,
    config: Json,
) -> ChangedCharacter:
    """The acting user's living character with these set anew; null is no description."""
    return await _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "description": description, "config": _Jsonb(config)},
        ChangedCharacter,
    )


async def delete(conn: _AsyncConnection[object], *, id: UUID) -> ChangedCharacter:
    """The character just deleted; its animations are listed no more."""
    return await _one(conn, _sql["delete"], {"id": id}, ChangedCharacter)


async def restore(conn: _AsyncConnection[object], *, id: UUID) -> ChangedCharacter:
    """The character that lives again, with its animations."""
    return await _one(conn, _sql["restore"], {"id": id}, ChangedCharacter)


async def find_by_name(
    conn: _AsyncConnection[object], *, project_id: UUID, name: str
) -> Character | None:
    """The living character of the acting user with this name."""
    return await _optional(
        conn, _sql["find_by_name"], {"project_id": project_id, "name": name}, Character
    )
