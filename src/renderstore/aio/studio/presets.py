# ruff: noqa: A001 (a query is named for what it does)

"""What people choose again and again: their own presets and the standard ones.

Generated from sql/queries/studio/presets.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection
from psycopg.types.json import Jsonb as _Jsonb

from renderstore._queries import load as _load
from renderstore._rows import Json
from renderstore._scope.aio.run import affected as _affected
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import one as _one
from renderstore.studio.presets import Preset, PresetChoice

_sql = _load("studio", "presets")


async def create(
    conn: _AsyncConnection[object],
    *,
    kind: str,
    name: str,
    settings: Json | None = None,
    is_default: bool | None = None,
) -> Preset:
    """The preset just created by the acting user."""
    return await _one(
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


async def get(conn: _AsyncConnection[object], *, id: UUID) -> Preset:
    """The acting user's own preset with this id."""
    return await _one(conn, _sql["get"], {"id": id}, Preset)


async def choose(conn: _AsyncConnection[object], *, kind: str) -> PresetChoice:
    """The preset of a kind that is chosen where nobody chose: the own default, else
    the standard one.
    """
    return await _one(conn, _sql["choose"], {"kind": kind}, PresetChoice)


async def list(
    conn: _AsyncConnection[object], *, kind: str, page_size: int
) -> builtins.list[PresetChoice]:
    """What one may choose of a kind: one's own presets, then the standard ones."""
    return await _many(
        conn, _sql["list"], {"kind": kind, "page_size": page_size}, PresetChoice
    )


async def update(
    conn: _AsyncConnection[object], *, id: UUID, name: str, settings: Json
) -> Preset:
    """The acting user's preset with these set anew."""
    return await _one(
        conn,
        _sql["update"],
        {"id": id, "name": name, "settings": _Jsonb(settings)},
        Preset,
    )


async def set_default(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """Makes a preset the default of its kind, in place of the one before."""
    return await _affected(conn, _sql["set_default"], {"id": id})


async def delete(conn: _AsyncConnection[object], *, id: UUID) -> int:
    """How many presets were deleted: one or none."""
    return await _affected(conn, _sql["delete"], {"id": id})
