"""Presets: settings that people use again. Own ones, and the standard ones that
everybody has.

Generated from sql/queries/studio/presets.sql by `just generate`; do not edit.
"""

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
from renderstore.studio.enums import PresetKind

_sql = _load("studio", "presets")


@_row
class CreatedPreset:
    """What create gives."""

    id: UUID
    created_at: datetime


@_row
class Preset:
    """What get gives."""

    user_id: UUID
    id: UUID
    kind: PresetKind
    name: str
    settings: Json
    is_default: bool
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    purge_at: datetime | None


@_row
class PresetChoice:
    """What choose and list_choices give."""

    kind: PresetKind
    name: str
    settings: Json
    is_default: bool
    is_chosen: bool
    is_standard: bool
    preset_id: UUID | None
    standard_preset_id: str | None


@_row
class DeletedPreset:
    """What list_deleted gives."""

    id: UUID
    kind: PresetKind
    name: str
    deleted_at: datetime
    purge_at: datetime | None


@_row
class ChangedPreset:
    """What update gives."""

    id: UUID
    name: str
    updated_at: datetime


@_row
class DeleteRow:
    """What delete gives."""

    deleted_at: datetime
    purge_at: datetime | None


def create(
    conn: _Connection[object],
    *,
    kind: PresetKind,
    name: str,
    settings: Json | None = None,
    is_default: bool | None = None,
    user_id: UUID | None = None,
) -> CreatedPreset:
    """The preset just created by the acting user, or for the one that an administrator
    names; as the default of its kind, it takes the place of the one before.
    """
    return _one(
        conn,
        _sql["create"],
        {
            "kind": kind,
            "name": name,
            "settings": None if settings is None else _Jsonb(settings),
            "is_default": is_default,
            "user_id": user_id,
        },
        CreatedPreset,
    )


def get(conn: _Connection[object], *, id: UUID) -> Preset:
    """The acting user's own preset with this id, a deleted one too."""
    return _one(conn, _sql["get"], {"id": id}, Preset)


def choose(conn: _Connection[object], *, kind: PresetKind) -> PresetChoice:
    """The preset of a kind where nobody names one: the own default, else the standard
    one.
    """
    return _one(conn, _sql["choose"], {"kind": kind}, PresetChoice)


def list_choices(
    conn: _Connection[object], *, kind: PresetKind, page_size: int
) -> list[PresetChoice]:
    """What the acting user may choose of a kind: own presets first, by name."""
    return _many(
        conn, _sql["list_choices"], {"kind": kind, "page_size": page_size}, PresetChoice
    )


def list_deleted(
    conn: _Connection[object],
    *,
    before_at: datetime | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> list[DeletedPreset]:
    """A page of the acting user's deleted presets, the last deleted first, before the
    one that was deleted then (null for the first page).
    """
    return _many(
        conn,
        _sql["list_deleted"],
        {"before_at": before_at, "before_id": before_id, "page_size": page_size},
        DeletedPreset,
    )


def update(
    conn: _Connection[object], *, id: UUID, name: str, settings: Json
) -> ChangedPreset:
    """The acting user's living preset with these set anew."""
    return _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "settings": _Jsonb(settings)},
        ChangedPreset,
    )


def set_default(
    conn: _Connection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """This preset is the default of its kind, and the one before is not."""
    return _affected(conn, _sql["set_default"], {"id": id, "user_id": user_id})


def clear_default(
    conn: _Connection[object], *, kind: PresetKind, user_id: UUID | None = None
) -> int:
    """No own preset of this kind is the default any more: the standard one is chosen."""
    return _affected(conn, _sql["clear_default"], {"kind": kind, "user_id": user_id})


def delete(
    conn: _Connection[object], *, id: UUID, user_id: UUID | None = None
) -> DeleteRow:
    """When a preset was deleted, and from when it is purged: until then it can be
    restored.
    """
    return _one(conn, _sql["delete"], {"id": id, "user_id": user_id}, DeleteRow)


def restore(conn: _Connection[object], *, id: UUID, user_id: UUID | None = None) -> int:
    """A deleted preset lives again, and is no default."""
    return _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})
