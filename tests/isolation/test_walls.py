"""The catalog's rights are those that were written down, and nothing around them opens a way in."""

from __future__ import annotations

import pytest

from .doors import Door
from .walls import WALLS
from .world import World


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.__name__)
def test_every_wall_stands(world: World, wall: Door) -> None:
    gaps = list(wall(world))
    assert not gaps, "\n".join([str(wall.__doc__), *gaps])
