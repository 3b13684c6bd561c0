"""The studio with many writers at once: limits are exact, positions have no gap, nobody deadlocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID

import psycopg
from tests.factories import look, plans, users
from tests.queries.studio.world import Studio, made

from renderstore.errors import Error, QuotaExceeded
from renderstore.identity import users as people
from renderstore.ops import removals
from renderstore.store import SyncStore
from renderstore.studio import AssetKind, assets, frames, projects, scenes
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


def test_fifty_reservations_of_a_gibibyte_on_ten_make_ten(
    database: Database, store: SyncStore
) -> None:
    gibibyte = 1 << 30
    plan = plans.make(database, max_stored_bytes=10 * gibibyte)
    user_id = users.make(database, plan_id=plan)

    def reserve(_: int) -> bool:
        with psycopg.connect(database.url) as conn:
            conn.execute("select identity.bind('renderstore_app', %s, '')", [user_id])
            try:
                conn.execute("select studio.begin_asset('video', %s)", [gibibyte])
            except psycopg.DatabaseError as refused:
                if refused.sqlstate != "RS007":
                    raise
                return False
        return True

    assert at_once(50, reserve) == 10
    assert look(database, "select * from studio.problems()") == []


def _step(studio: Studio, dice: Random) -> None:
    """Something that a user, the sweep or a janitor does."""
    mine = studio.mine
    kept = look(
        studio.database,
        "select id from studio.assets where user_id = %(user_id)s"
        " order by random() limit 1",
        user_id=studio.user_id,
    )
    some = kept[0][0] if kept else studio.user_id
    match dice.randrange(12):
        case 0 | 1:
            studio.image(size=dice.randint(1, 1000))
        case 2:
            mine.run(assets.begin, kind=AssetKind.AUDIO, size_bytes=dice.randint(1, 9))
        case 3:
            mine.run(assets.keep, id=some, size_bytes=dice.randint(1, 9))
        case 4:
            mine.run(assets.abandon, id=some)
        case 5:
            mine.run(assets.delete, id=some, is_final=dice.random() < 0.5)
        case 6:
            mine.run(assets.restore, id=some)
        case 7:
            animation_id = studio.animation(f"Walk {dice.random()}")
            mine.run(frames.add_many, animation_id=animation_id, asset_ids=[some] * 3)
        case 8:
            made_id = mine.run(projects.create, title=f"{dice.random()}").id
            if dice.random() < 0.5:
                mine.run(projects.purge, id=made_id)
        case 9:
            act = dice.choice([projects.delete, projects.restore])
            mine.run(act, id=studio.project_id)
        case 10:
            with studio.store.worker("janitor-1") as conn:
                conn.execute("select from ops.sweep(50)")
        case _:
            janitor = studio.store.worker("janitor-1")
            taken = janitor.run(removals.claim, limit=5)
            janitor.run(
                removals.confirm,
                user_ids=[one.user_id for one in taken],
                ids=[one.id for one in taken],
            )


def test_a_walk_with_lost_connections_leaves_counts_equal_to_sums(
    database: Database, store: SyncStore
) -> None:
    steps = 2000 if PROVES else 160
    walkers = [made(database, store) for _ in range(4)]

    def walk(number: int) -> bool:
        dice = Random(number)
        studio = walkers[number]
        for step in range(steps // 4):
            if dice.random() < 0.1:
                # As if every program of this user were killed.
                look(
                    database,
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and state <> 'idle'"
                    " and usename <> current_user and query like '%%studio%%'",
                )
            try:
                _step(studio, dice)
            except (Error, psycopg.Error):
                continue
            if number == 3 and step == steps // 8:
                with store.admin(reason="the tests' DBA") as conn:
                    people.erase(conn, id=studio.user_id)
                return True
        return True

    assert at_once(4, walk) == 4
    assert look(database, "select * from studio.problems()") == []
    assert look(database, "select count(*) > 10 from studio.assets") == [(True,)]
