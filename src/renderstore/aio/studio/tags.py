# ruff: noqa: A001 (a query is named for what it does)

"""The tags of an animation: stretches of frames, which may overlap.

Generated from sql/queries/studio/tags.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import many as _many
from renderstore._scope.aio.run import value as _value
from renderstore.studio.enums import Playback
from renderstore.studio.tags import Tag

_sql = _load("studio", "tags")


async def list(
    conn: _AsyncConnection[object], *, animation_id: UUID
) -> builtins.list[Tag]:
    """The tags of an animation in the order of their first frames."""
    return await _many(conn, _sql["list"], {"animation_id": animation_id}, Tag)


async def set_all(
    conn: _AsyncConnection[object],
    *,
    animation_id: UUID,
    names: builtins.list[str],
    first_positions: builtins.list[int],
    last_positions: builtins.list[int],
    playbacks: builtins.list[Playback] | None = None,
    repeats: builtins.list[int] | None = None,
    user_id: UUID | None = None,
) -> int:
    """How many tags an animation has now, in place of those that it had."""
    value: int = await _value(
        conn,
        _sql["set_all"],
        {
            "animation_id": animation_id,
            "names": names,
            "first_positions": first_positions,
            "last_positions": last_positions,
            "playbacks": playbacks,
            "repeats": repeats,
            "user_id": user_id,
        },
    )
    return value
