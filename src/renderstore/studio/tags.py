# ruff: noqa: A001 (a query is named for what it does)

"""The tags of an animation: stretches of frames, which may overlap.

Generated from sql/queries/studio/tags.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value
from renderstore.studio.enums import Playback

_sql = _load("studio", "tags")


@_row
class Tag:
    """What list gives."""

    id: UUID
    name: str
    first_position: int
    last_position: int
    playback: Playback
    repeats: int | None


def list(conn: _Connection[object], *, animation_id: UUID) -> builtins.list[Tag]:
    """The tags of an animation in the order of their first frames."""
    return _many(conn, _sql["list"], {"animation_id": animation_id}, Tag)


def set_all(
    conn: _Connection[object],
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
    value: int = _value(
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
