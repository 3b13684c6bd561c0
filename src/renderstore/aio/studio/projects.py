# ruff: noqa: A001 (a query is named for what it does)

"""Projects: what hangs under one carries its id. Deleting marks the project alone.

Generated from sql/queries/studio/projects.sql by `just generate`; do not edit.
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
from renderstore.studio.enums import ProjectStatus
from renderstore.studio.projects import (
    ChangedProject,
    CreatedProject,
    DeletedProject,
    DeleteRow,
    ListedProject,
    Project,
)

_sql = _load("studio", "projects")


async def create(
    conn: _AsyncConnection[object],
    *,
    title: str,
    source_text: str | None = None,
    config: Json | None = None,
    user_id: UUID | None = None,
) -> CreatedProject:
    """The project just created by the acting user, or for the one that an
    administrator names.
    """
    return await _one(
        conn,
        _sql["create"],
        {
            "title": title,
            "source_text": source_text,
            "config": None if config is None else _Jsonb(config),
            "user_id": user_id,
        },
        CreatedProject,
    )


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Project:
    """The acting user's project with this id, a deleted one too."""
    return await _one(conn, _sql["get"], {"id": id}, Project)


async def find_by_id(conn: _AsyncConnection[object], *, id: UUID) -> Project | None:
    """The project with this id alone, whoever owns it, for who sees every row."""
    return await _optional(conn, _sql["find_by_id"], {"id": id}, Project)


async def list(
    conn: _AsyncConnection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[ListedProject]:
    """A page of the acting user's living projects, newest first, before the one with
    this id (null for the first page).
    """
    return await _many(
        conn,
        _sql["list"],
        {"before_id": before_id, "page_size": page_size},
        ListedProject,
    )


async def list_deleted(
    conn: _AsyncConnection[object],
    *,
    before_at: datetime | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[DeletedProject]:
    """A page of the acting user's deleted projects, the last deleted first, before the
    one that was deleted then (null for the first page).
    """
    return await _many(
        conn,
        _sql["list_deleted"],
        {"before_at": before_at, "before_id": before_id, "page_size": page_size},
        DeletedProject,
    )


async def update(
    conn: _AsyncConnection[object],
    *,
    id: UUID,
    title: str,
    source_text: str | None = None,
    config: Json,
) -> ChangedProject:
    """The acting user's living project with these set anew; null is no source text."""
    return await _one(
        conn,
        _sql["update"],
        {
            "id": id,
            "title": title,
            "source_text": source_text,
            "config": _Jsonb(config),
        },
        ChangedProject,
    )


async def set_status(
    conn: _AsyncConnection[object], *, id: UUID, status: ProjectStatus
) -> ChangedProject:
    """The acting user's living project with another status; studio.transitions says
    which may follow.
    """
    return await _one(
        conn, _sql["set_status"], {"id": id, "status": status}, ChangedProject
    )


async def delete(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> DeleteRow:
    """When a project was deleted, and from when it is purged: until then it can be
    restored. However much hangs under it, one row changes.
    """
    return await _one(conn, _sql["delete"], {"id": id, "user_id": user_id}, DeleteRow)


async def restore(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """A deleted project lives again with all that hung under it; what was deleted on
    its own before stays deleted.
    """
    return await _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})


async def purge(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """Deletes a project for good: the sweep clears what hangs under it."""
    return await _affected(conn, _sql["purge"], {"id": id, "user_id": user_id})


async def find_by_title(
    conn: _AsyncConnection[object], *, title: str
) -> ListedProject | None:
    """The acting user's living project with this title."""
    return await _optional(conn, _sql["find_by_title"], {"title": title}, ListedProject)
