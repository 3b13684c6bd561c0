# ruff: noqa: A001 (a query is named for what it does)

"""Projects: what hangs under one carries its id. Deleting marks the project alone.

Generated from sql/queries/studio/projects.sql by `just generate`; do not edit.
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
from renderstore.studio.enums import ProjectStatus

_sql = _load("studio", "projects")


@_row
class CreatedProject:
    """What create gives."""

    id: UUID
    status: ProjectStatus
    created_at: datetime


@_row
class Project:
    """What get and find_by_id give."""

    user_id: UUID
    id: UUID
    status: ProjectStatus
    title: str
    source_text: str | None
    config: Json
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    purge_at: datetime | None


@_row
class ListedProject:
    """What list and find_by_title give."""

    id: UUID
    status: ProjectStatus
    title: str
    created_at: datetime
    updated_at: datetime


@_row
class DeletedProject:
    """What list_deleted gives."""

    id: UUID
    title: str
    deleted_at: datetime
    purge_at: datetime | None


@_row
class ChangedProject:
    """What update and set_status give."""

    id: UUID
    status: ProjectStatus
    title: str
    updated_at: datetime


@_row
class DeleteRow:
    """What delete gives."""

    deleted_at: datetime
    purge_at: datetime | None


def create(
    conn: _Connection[object],
    *,
    title: str,
    source_text: str | None = None,
    config: Json | None = None,
    user_id: UUID | None = None,
) -> CreatedProject:
    """The project just created by the acting user, or for the one that an
    administrator names.
    """
    return _one(
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


def get(conn: _Connection[object], *, id: UUID) -> Project:
    """The acting user's project with this id, a deleted one too."""
    return _one(conn, _sql["get"], {"id": id}, Project)


def find_by_id(conn: _Connection[object], *, id: UUID) -> Project | None:
    """The project with this id alone, whoever owns it, for who sees every row."""
    return _optional(conn, _sql["find_by_id"], {"id": id}, Project)


def list(
    conn: _Connection[object], *, before_id: UUID | None = None, page_size: int
) -> builtins.list[ListedProject]:
    """A page of the acting user's living projects, newest first, before the one with
    this id (null for the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {"before_id": before_id, "page_size": page_size},
        ListedProject,
    )


def list_deleted(
    conn: _Connection[object],
    *,
    before_at: datetime | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> builtins.list[DeletedProject]:
    """A page of the acting user's deleted projects, the last deleted first, before the
    one that was deleted then (null for the first page).
    """
    return _many(
        conn,
        _sql["list_deleted"],
        {"before_at": before_at, "before_id": before_id, "page_size": page_size},
        DeletedProject,
    )


def update(
    conn: _Connection[object],
    *,
    id: UUID,
    title: str,
    source_text: str | None = None,
    config: Json,
) -> ChangedProject:
    """The acting user's living project with these set anew; null is no source text."""
    return _one(
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


def set_status(
    conn: _Connection[object], *, id: UUID, status: ProjectStatus
) -> ChangedProject:
    """The acting user's living project with another status; studio.transitions says
    which may follow.
    """
    return _one(conn, _sql["set_status"], {"id": id, "status": status}, ChangedProject)


def delete(
    conn: _Connection[object], *, id: UUID, user_id: UUID | None = None
) -> DeleteRow:
    """When a project was deleted, and from when it is purged: until then it can be
    restored. However much hangs under it, one row changes.
    """
    return _one(conn, _sql["delete"], {"id": id, "user_id": user_id}, DeleteRow)


def restore(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """A deleted project lives again with all that hung under it; what was deleted on
    its own before stays deleted.
    """
    return _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})


def purge(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """Deletes a project for good: the sweep clears what hangs under it."""
    return _affected(conn, _sql["purge"], {"id": id, "user_id": user_id})


def find_by_title(conn: _Connection[object], *, title: str) -> ListedProject | None:
    """The acting user's living project with this title."""
    return _optional(conn, _sql["find_by_title"], {"title": title}, ListedProject)
