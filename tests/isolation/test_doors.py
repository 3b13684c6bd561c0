"""Every door between two users stays shut, on every table and view that the catalog knows."""

from __future__ import annotations

import pytest

from .doors import DOORS, RIGHTS, Door
from .world import World


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_door_is_open(world: World, door: Door) -> None:
    if world.is_brief and door in RIGHTS:
        pytest.skip("asked of home; of a farm by just prove")
    open_doors = list(door(world))
    assert not open_doors, "\n".join([str(door.__doc__), *open_doors])
