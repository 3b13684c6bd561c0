"""sql/queries/studio/scenes.sql: the scenes of a project, in order."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest
from tests.factories import acting, users

from renderstore.errors import Invalid, NotFound, TransitionRefused
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import SceneStatus, projects, scenes
from renderstore.testing import Database


@pytest.fixture
def user_id(database: Database) -> UUID:
    return users.make(database)


@pytest.fixture
def mine(store: SyncStore, user_id: UUID) -> SyncScope:
    return store.user(user_id)


@pytest.fixture
def project_id(mine: SyncScope) -> UUID:
    return mine.run(projects.create, title="The fox").id


def told(mine: SyncScope, project_id: UUID) -> str:
    """The narrations of the living scenes, in their order."""
    listed = mine.run(scenes.list, project_id=project_id, page_size=1000)
    assert [one.position for one in listed] == [*range(1, len(listed) + 1)]
    return "".join(one.narration or "-" for one in listed)


def make(mine: SyncScope, project_id: UUID, text: str) -> list[UUID]:
    placed = mine.run(scenes.create_many, project_id=project_id, narrations=[*text])
    return [one.id for one in placed]


def test_scenes_stand_in_the_order_in_which_they_were_given(
    mine: SyncScope, project_id: UUID
) -> None:
    made = mine.run(
        scenes.create_many,
        project_id=project_id,
        narrations=["a"],
        image_prompts=["a fox", "snow"],
        durations_ms=[1500, 40],
        configs=[{"voice": "ann"}, {}],
    )
    assert [one.position for one in made] == [1, 2]
    first = mine.run(scenes.get, id=made[0].id)
    assert (first.narration, first.image_prompt, first.duration_ms, first.config) == (
        "a",
        "a fox",
        1500,
        {"voice": "ann"},
    )
    assert first.status is SceneStatus.PENDING
    last = mine.run(scenes.create, project_id=project_id, narration="c")
    assert last.position == 3
    assert told(mine, project_id) == "a-c"


def test_scenes_may_be_put_between_others(mine: SyncScope, project_id: UUID) -> None:
    make(mine, project_id, "abc")
    mine.run(
        scenes.create_many, project_id=project_id, narrations=["x", "y"], at_position=2
    )
    mine.run(scenes.create, project_id=project_id, narration="0", at_position=-5)
    mine.run(scenes.create, project_id=project_id, narration="9", at_position=99)
    assert told(mine, project_id) == "0axybc9"


@pytest.mark.parametrize(
    ("place", "to", "after"),
    [
        (0, 1, "abcde"),
        (0, 5, "bcdea"),
        (4, 1, "eabcd"),
        (1, 4, "acdbe"),
        (3, 2, "adbce"),
        (2, 0, "cabde"),
        (2, 99, "abdec"),
    ],
)
def test_a_scene_moves_and_the_others_make_room(
    mine: SyncScope, project_id: UUID, place: int, to: int, after: str
) -> None:
    made = make(mine, project_id, "abcde")
    there = mine.run(scenes.move, id=made[place], to_position=to)
    assert told(mine, project_id) == after
    assert there == after.index("abcde"[place]) + 1


def test_a_new_order_names_every_scene_once(mine: SyncScope, project_id: UUID) -> None:
    a, b, c = make(mine, project_id, "abc")
    assert mine.run(scenes.reorder, project_id=project_id, ids=[c, b, a]) == 2
    assert told(mine, project_id) == "cba"
    for wrong in ([a, b], [a, b, c, c], [a, b, uuid4()], [a, b, c, uuid4()], []):
        with pytest.raises(Invalid, match="every living scene of the project once"):
            mine.run(scenes.reorder, project_id=project_id, ids=wrong)
    assert told(mine, project_id) == "cba"


def test_a_deleted_scene_leaves_no_gap_and_comes_back_as_the_last(
    mine: SyncScope, project_id: UUID
) -> None:
    a, b, c, _ = make(mine, project_id, "abcd")
    assert mine.run(scenes.delete_many, ids=[a, c]) == 2
    assert told(mine, project_id) == "bd"
    assert mine.run(scenes.delete_many, ids=[a, b]) == 1
    assert mine.run(scenes.delete_many, ids=[]) == 0
    with pytest.raises(TransitionRefused, match="This scene was deleted"):
        mine.run(scenes.move, id=a, to_position=1)
    assert mine.run(scenes.restore, id=a) == 2
    with pytest.raises(TransitionRefused, match="was not deleted"):
        mine.run(scenes.restore, id=a)
    assert told(mine, project_id) == "da"


def test_what_a_scene_says_changes_without_its_place(
    mine: SyncScope, project_id: UUID
) -> None:
    (a,) = make(mine, project_id, "a")
    mine.run(scenes.update, id=a, narration="b", duration_ms=5, config={"k": 1})
    mine.run(scenes.set_status, id=a, status=SceneStatus.GENERATING)
    found = mine.run(scenes.get, id=a)
    assert (found.narration, found.duration_ms, found.image_prompt) == ("b", 5, None)
    assert (found.position, found.status) == (1, SceneStatus.GENERATING)
    assert found.config == {"k": 1}


def test_nobody_writes_a_place_by_hand(
    database: Database, mine: SyncScope, user_id: UUID, project_id: UUID
) -> None:
    make(mine, project_id, "ab")
    for statement in (
        "update studio.scenes set position = 7",
        "delete from studio.scenes",
        "insert into studio.scenes (user_id, project_id, position)"
        f" values ('{user_id}', '{project_id}', 9)",
    ):
        with (
            acting(database, "app", user_id) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(statement.encode())


def test_the_longest_list_says_how_many(mine: SyncScope, project_id: UUID) -> None:
    made = mine.run(
        scenes.create_many, project_id=project_id, narrations=["a"], durations_ms=[1, 2]
    )
    assert len(made) == 2
    assert told(mine, project_id) == "a-"
    with pytest.raises(Invalid, match="10000"):
        mine.run(scenes.create_many, project_id=project_id, narrations=["a"] * 10_001)


def test_anothers_scene_is_not_there(
    database: Database, store: SyncStore, mine: SyncScope, project_id: UUID
) -> None:
    (a,) = make(mine, project_id, "a")
    other = store.user(users.make(database))
    for act in (
        lambda: other.run(scenes.move, id=a, to_position=1),
        lambda: other.run(scenes.restore, id=a),
        lambda: other.run(scenes.delete_many, ids=[a]),
        lambda: other.run(scenes.create, project_id=project_id),
        lambda: other.run(scenes.reorder, project_id=project_id, ids=[a]),
    ):
        with pytest.raises(NotFound, match=r"There is no (scene|project) with this id"):
            act()


def test_scenes_come_in_pages(mine: SyncScope, project_id: UUID) -> None:
    make(mine, project_id, "abc")
    first = mine.run(scenes.list, project_id=project_id, page_size=2)
    rest = mine.run(
        scenes.list,
        project_id=project_id,
        after_position=first[-1].position,
        page_size=2,
    )
    assert [one.narration for one in first + rest] == ["a", "b", "c"]
