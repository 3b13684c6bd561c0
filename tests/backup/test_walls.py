"""The attack suite on a restored database: who could not reach another's rows cannot reach them in the copy.

Two users' rows lie in the original, and are attacked where they were restored. `just prove` attacks every table.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.isolation.catalog import OWNER, functions, relations
from tests.isolation.doors import DOORS, Door
from tests.isolation.expectations import EXPECTED
from tests.isolation.rows import Maker
from tests.isolation.walls import WALLS
from tests.isolation.world import World, filled

from renderstore.testing import Database, Server

from .support import change, restore, take

# One table of each kind: secrets, a key of others, a queue, a trail, what is shared.
SOME = (
    "identity.users",
    "identity.user_secrets",
    "identity.api_tokens",
    "work.jobs",
    "work.events",
    "render.specs",
    "studio.projects",
    "media.requests",
    "ops.notices",
)
ATTACKED = () if os.environ.get("RENDERSTORE_PROVE") else SOME


@pytest.fixture(scope="module")
def copy(
    renderstore_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Generator[World]:
    """The world of the attack suite, its rows and its walls restored."""
    folder = tmp_path_factory.mktemp("walls") / "world.backup"
    original, restored = renderstore_server.clone(), renderstore_server.create()
    with filled(original, EXPECTED, only=ATTACKED) as world:
        take(original, folder)
        restore(original, folder, restored.name)
        with moved(world, restored) as there:
            yield there
    renderstore_server.drop(original)
    renderstore_server.drop(restored)


class moved:  # noqa: N801
    """The same people and rows, in another database."""

    def __init__(self, world: World, database: Database) -> None:
        self._own = psycopg.connect(database.owner_url, autocommit=True)
        self._work = psycopg.connect(
            database.url, autocommit=True, prepare_threshold=None
        )
        self._own.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        known = relations(self._own)
        self.world = replace(
            world,
            database=database,
            own=self._own,
            work=self._work,
            relations=known,
            functions=functions(self._own),
            maker=Maker(self._own, known, EXPECTED),
            targets=[known[each.path] for each in world.targets],
        )

    def __enter__(self) -> World:
        return self.world

    def __exit__(self, *_: object) -> None:
        self._own.close()
        self._work.close()


def test_the_copy_holds_both_users_rows(copy: World) -> None:
    for who in (copy.ann, copy.bob):
        found = copy.own.execute(
            "select count(*) from identity.users where id = %s", [who.id]
        ).fetchone()
        assert found == (1,)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_door_is_open_in_a_copy(copy: World, door: Door) -> None:
    open_doors = list(door(copy))
    assert not open_doors, "\n".join([str(door.__doc__), *open_doors])


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.__name__)
def test_every_wall_stands_in_a_copy(copy: World, wall: Door) -> None:
    everything = [each for each in copy.relations.values() if not each.is_partition]
    gaps = list(wall(replace(copy, targets=everything)))
    assert not gaps, "\n".join([str(wall.__doc__), *gaps])


def test_a_copy_without_a_policy_would_be_seen(copy: World, tmp_path: Path) -> None:
    """The proof above can fail: what plain pg_restore leaves open is found."""
    name = f'"{copy.database.name}"'
    change(copy.database, f"grant temporary on database {name} to public")
    try:
        found = [gap for wall in WALLS for gap in wall(copy)]
        assert any("a right in the database" in gap for gap in found), found
    finally:
        change(copy.database, f"revoke temporary on database {name} from public")
