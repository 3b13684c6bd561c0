# ruff: noqa: A001 (a query is named for what it does)

"""Who appears in a project: plain rows of their owner.

Generated from sql/queries/studio/characters.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime
from uuid import UUID

from psycopg import Connection as _Connection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one
from renderstore._scope.sync.run import optional as _optional

_sql = _load("studio", "characters")


@_row
class Character:
    """What create, get and find_by_name give."""

    id: UUID
    project_id: UUID
    name: str
    description: str | None
    config: Json
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@_row
class ListedCharacter:
    """What list gives."""

    id: UUID
    name: str
    description: str | None


@_row
class ChangedCharacter:
    """What update, delete and restore give."""

    id: UUID
    name: str
    updated_at: datetime


def create(
    conn: _Connection[object],
    *,
    project_id: UUID,
    name: str,
    description: str | None = None,
    config: Json | None = None,
) -> Character:
    """The character just created by the acting user."""
    return _one(
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


def get(conn: _Connection[object], *, id: UUID) -> Character:
    """The acting user's character with this id, a deleted one too."""
    return _one(conn, _sql["get"], {"id": id}, Character)


def list(
    conn: _Connection[object],
    *,
    project_id: UUID,
    after_name: str | None = None,
    page_size: int,
) -> builtins.list[ListedCharacter]:
    """A page of a project's living characters by their names, after this one (null for
    the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {"project_id": project_id, "after_name": after_name, "page_size": page_size},
        ListedCharacter,
    )


def update(
    conn: _Connection[object],
    *,
    id: UUID,
    name: str,
    description: str | None = None,
    config: Json,
) -> ChangedCharacter:
    """The acting user's living character with these set anew; null is no description."""
    return _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "description": description, "config": _Jsonb(config)},
        ChangedCharacter,
    )


def delete(conn: _Connection[object], *, id: UUID) -> ChangedCharacter:
    """The character just deleted; its animations are listed no more."""
    return _one(conn, _sql["delete"], {"id": id}, ChangedCharacter)


def restore(conn: _Connection[object], *, id: UUID) -> ChangedCharacter:
    """The character that lives again, with its animations."""
    return _one(conn, _sql["restore"], {"id": id}, ChangedCharacter)


def find_by_name(
    conn: _Connection[object], *, project_id: UUID, name: str
) -> Character | None:
    """The living character of the acting user with this name."""
    return _optional(
        conn, _sql["find_by_name"], {"project_id": project_id, "name": name}, Character
    )
