"""The studio with many writers at once: limits are exact, positions have no gap, nobody deadlocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

import psycopg
from tests.factories import look, plans, users

from renderstore.errors import QuotaExceeded
from renderstore.store import SyncStore
from renderstore.studio import projects, scenes
from renderstore.testing import Database

PROVES = bool(os.environ.get("RENDERSTORE_PROVE"))


def at_once(count: int, act: Callable[[int], bool]) -> int:
    """How many of so many threads were let through."""
    with ThreadPoolExecutor(count) as threads:
        return sum(threads.map(act, range(count)))


def test_sixteen_creators_on_a_plan_of_ten_make_ten_projects(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database, plan_id=plans.make(database, max_projects=10))

    def create(number: int) -> bool:
        try:
            store.user(user_id).run(projects.create, title=str(number))
        except QuotaExceeded:
            return False
        return True

    assert at_once(16, create) == 10
    assert look(database, "select count(*) from studio.projects") == [(10,)]
    assert look(database, "select * from studio.problems()") == []


def test_eight_writers_move_scenes_and_positions_stay_whole(
    database: Database, store: SyncStore
) -> None:
    moves = 1000 if PROVES else 200
    user_id = users.make(database)
    mine = store.user(user_id)
    project_id = mine.run(projects.create, title="The fox").id
    made = mine.run(
        scenes.create_many,
        project_id=project_id,
        narrations=[str(n) for n in range(20)],
    )
    ids: list[UUID] = [one.id for one in made]

    def write(number: int) -> bool:
        dice = Random(number)
        with psycopg.connect(database.url) as conn:
            for _ in range(moves // 8):
                with conn.transaction():
                    conn.execute(
                        "select identity.bind('renderstore_app', %s, '')", [user_id]
                    )
                    if dice.random() < 0.2:
                        conn.execute(
                            "select studio.reorder_scenes(%s, %s)",
                            [project_id, dice.sample(ids, len(ids))],
                        )
                    else:
                        conn.execute(
                            "select studio.move_scene(%s, %s)",
                            [dice.choice(ids), dice.randint(1, 20)],
                        )
        return True

    assert at_once(8, write) == 8
    there = mine.run(scenes.list, project_id=project_id, page_size=100)
    assert [one.position for one in there] == [*range(1, 21)]
    assert {one.id for one in there} == set(ids)
    assert look(database, "select * from studio.problems()") == []
