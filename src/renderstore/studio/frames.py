# ruff: noqa: A001 (a query is named for what it does)

"""The frames of an animation, in order, many in one call.

Generated from sql/queries/studio/frames.sql by `just generate`; do not edit.
"""

import builtins
from uuid import UUID

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import value as _value

_sql = _load("studio", "frames")


@_row
class PlacedFrame:
    """What add_many gives."""

    id: UUID
    position: int


@_row
class Frame:
    """What list gives."""

    id: UUID
    position: int
    duration_ms: int
    pivot_x: int | None
    pivot_y: int | None
    source_x: int | None
    source_y: int | None
    source_width: int | None
    source_height: int | None
    asset_id: UUID | None
    uri: str | None
    asset_width: int | None
    asset_height: int | None


def add_many(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    durations_ms: builtins.list[int] | None = None,
    asset_ids: builtins.list[UUID] | None = None,
    pivots_x: builtins.list[int] | None = None,
    pivots_y: builtins.list[int] | None = None,
    sources_x: builtins.list[int] | None = None,
    sources_y: builtins.list[int] | None = None,
    source_widths: builtins.list[int] | None = None,
    source_heights: builtins.list[int] | None = None,
    at_position: int | None = None,
    user_id: UUID | None = None,
) -> builtins.list[PlacedFrame]:
    """The frames just added in this order, as many as the longest list has, at the end
    or from a place on. A list that is null says nothing of any frame.
    """
    return _many(
        conn,
        _sql["add_many"],
        {
            "animation_id": animation_id,
            "durations_ms": durations_ms,
            "asset_ids": asset_ids,
            "pivots_x": pivots_x,
            "pivots_y": pivots_y,
            "sources_x": sources_x,
            "sources_y": sources_y,
            "source_widths": source_widths,
            "source_heights": source_heights,
            "at_position": at_position,
            "user_id": user_id,
        },
        PlacedFrame,
    )


def list(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    after_position: int | None = None,
    page_size: int,
) -> builtins.list[Frame]:
    """A page of an animation's frames in their order, with the URIs of what shows
    them, after this place (null for the first page).
    """
    return _many(
        conn,
        _sql["list"],
        {
            "animation_id": animation_id,
            "after_position": after_position,
            "page_size": page_size,
        },
        Frame,
    )


def move_many(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    ids: builtins.list[UUID],
    to_position: int,
    user_id: UUID | None = None,
) -> int:
    """How many frames moved when these were put side by side in this order, the first
    at this place.
    """
    value: int = _value(
        conn,
        _sql["move_many"],
        {
            "animation_id": animation_id,
            "ids": ids,
            "to_position": to_position,
            "user_id": user_id,
        },
    )
    return value


def set_durations(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    ids: builtins.list[UUID],
    durations_ms: builtins.list[int],
    user_id: UUID | None = None,
) -> int:
    """How many frames were given other durations."""
    value: int = _value(
        conn,
        _sql["set_durations"],
        {
            "animation_id": animation_id,
            "ids": ids,
            "durations_ms": durations_ms,
            "user_id": user_id,
        },
    )
    return value


def show_many(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    ids: builtins.list[UUID],
    asset_ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many frames are shown by other assets now."""
    value: int = _value(
        conn,
        _sql["show_many"],
        {
            "animation_id": animation_id,
            "ids": ids,
            "asset_ids": asset_ids,
            "user_id": user_id,
        },
    )
    return value


def set_pivot(
    conn: _Connection[object],
    *,
    id: UUID,
    pivot_x: int | None = None,
    pivot_y: int | None = None,
) -> int:
    """The pivot of one frame set anew, in pixels from its upper left corner; null is
    none.
    """
    return _affected(
        conn, _sql["set_pivot"], {"id": id, "pivot_x": pivot_x, "pivot_y": pivot_y}
    )


def delete_many(
    conn: _Connection[object],
    *,
    animation_id: UUID,
    ids: builtins.list[UUID],
    user_id: UUID | None = None,
) -> int:
    """How many frames were taken away; the gaps are closed, in tags too."""
    value: int = _value(
        conn,
        _sql["delete_many"],
        {"animation_id": animation_id, "ids": ids, "user_id": user_id},
    )
    return value
