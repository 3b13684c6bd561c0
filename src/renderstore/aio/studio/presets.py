"""Presets: settings that people use again. Own ones, and the standard ones that
everybody has.

Generated from sql/queries/studio/presets.sql by `just generate`; do not edit.
"""

from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.studio.enums import PresetKind
from renderstore.studio.presets import (
    ChangedPreset,
    CreatedPreset,
    DeletedPreset,
    DeleteRow,
    Preset,
    PresetChoice,
)

_sql = _load("studio", "presets")


async def create(
    conn: _AsyncConnection[object],
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
    return await _one(
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


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Preset:
    """The acting user's own preset with this id, a deleted one too."""
    return await _one(conn, _sql["get"], {"id": id}, Preset)


async def choose(conn: _AsyncConnection[object], *, kind: PresetKind) -> PresetChoice:
    """The preset of a kind where nobody names one: the own default, else the standard
    one.
    """
    return await _one(conn, _sql["choose"], {"kind": kind}, PresetChoice)


async def list_choices(
    conn: _AsyncConnection[object], *, kind: PresetKind, page_size: int
) -> list[PresetChoice]:
    """What the acting user may choose of a kind: own presets first, by name."""
    return await _many(
        conn, _sql["list_choices"], {"kind": kind, "page_size": page_size}, PresetChoice
    )


async def list_deleted(
    conn: _AsyncConnection[object],
    *,
    before_at: datetime | None = None,
    before_id: UUID | None = None,
    page_size: int,
) -> list[DeletedPreset]:
    """A page of the acting user's deleted presets, the last deleted first, before the
    one that was deleted then (null for the first page).
    """
    return await _many(
        conn,
        _sql["list_deleted"],
        {"before_at": before_at, "before_id": before_id, "page_size": page_size},
        DeletedPreset,
    )


async def update(
    conn: _AsyncConnection[object], *, id: UUID, name: str, settings: Json
) -> ChangedPreset:
    """The acting user's living preset with these set anew."""
    return await _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "settings": _Jsonb(settings)},
        ChangedPreset,
    )


async def set_default(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """This preset is the default of its kind, and the one before is not."""
    return await _affected(conn, _sql["set_default"], {"id": id, "user_id": user_id})


async def clear_default(
    conn: _AsyncConnection[object], *, kind: PresetKind, user_id: UUID | None = None
) -> int:
    """No own preset of this kind is the default any more: the standard one is chosen."""
    return await _affected(
        conn, _sql["clear_default"], {"kind": kind, "user_id": user_id}
    )


async def delete(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> DeleteRow:
    """When a preset was deleted, and from when it is purged: until then it can be
    restored.
    """
    return await _one(conn, _sql["delete"], {"id": id, "user_id": user_id}, DeleteRow)


async def restore(
    conn: _AsyncConnection[object], *, id: UUID, user_id: UUID | None = None
) -> int:
    """A deleted preset lives again, and is no default."""
    return await _affected(conn, _sql["restore"], {"id": id, "user_id": user_id})
