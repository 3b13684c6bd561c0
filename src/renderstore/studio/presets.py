# ruff: noqa: A001 (a query is named for what it does)

"""What people choose again and again: their own presets and the standard ones.

Generated from sql/queries/studio/presets.sql by `just generate`; do not edit.
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

_sql = _load("studio", "presets")


@_row
class Preset:
    """What create, get and update give."""

    id: UUID
    kind: str
    name: str
    settings: Json
    is_default: bool
    updated_at: datetime


@_row
class PresetChoice:
    """What choose and list give."""

    user_id: UUID | None
    id: UUID
    kind: str
    name: str
    settings: Json
    is_default: bool


def create(
    conn: _Connection[object],
    *,
    kind: str,
    name: str,
    settings: Json | None = None,
    is_default: bool | None = None,
) -> Preset:
    """The preset just created by the acting user."""
    return _one(
        conn,
        _sql["create"],
        {
            "kind": kind,
            "name": name,
            "settings": None if settings is None else _Jsonb(settings),
            "is_default": is_default,
        },
        Preset,
    )


def get(conn: _Connection[object], *, id: UUID) -> Preset:
    """The acting user's own preset with this id."""
    return _one(conn, _sql["get"], {"id": id}, Preset)


def choose(conn: _Connection[object], *, kind: str) -> PresetChoice:
    """The preset of a kind that is chosen where nobody chose: the own default, else
    the standard one.
    """
    return _one(conn, _sql["choose"], {"kind": kind}, PresetChoice)


def list(
    conn: _Connection[object], *, kind: str, page_size: int
) -> builtins.list[PresetChoice]:
    """What one may choose of a kind: one's own presets, then the standard ones."""
    return _many(
        conn, _sql["list"], {"kind": kind, "page_size": page_size}, PresetChoice
    )


def update(conn: _Connection[object], *, id: UUID, name: str, settings: Json) -> Preset:
    """The acting user's preset with these set anew."""
    return _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "settings": _Jsonb(settings)},
        Preset,
    )


def set_default(conn: _Connection[object], *, id: UUID) -> int:
    """Makes a preset the default of its kind, in place of the one before."""
    return _affected(conn, _sql["set_default"], {"id": id})


def delete(conn: _Connection[object], *, id: UUID) -> int:
    """How many presets were deleted: one or none."""
    return _affected(conn, _sql["delete"], {"id": id})
