"""sql/queries/studio/characters, animations, frames and tags: who moves how, frame by frame."""

from __future__ import annotations

from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.factories import acting, users

from renderstore.errors import Invalid, NotFound, Taken, TransitionRefused
from renderstore.store import SyncStore
from renderstore.studio import (
    Playback,
    animations,
    characters,
    frames,
    projects,
    tags,
)
from renderstore.testing import Database

from .world import Studio, made


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


@pytest.fixture
def walk(studio: Studio) -> UUID:
    return studio.animation()


def add(studio: Studio, animation_id: UUID, text: str, at: int | None = None) -> None:
    """Frames that are told apart by their durations: a letter each."""
    studio.mine.run(
        frames.add_many,
        animation_id=animation_id,
        durations_ms=[ord(each) for each in text],
        at_position=at,
    )


def told(studio: Studio, animation_id: UUID) -> str:
    listed = studio.mine.run(frames.list, animation_id=animation_id, page_size=1000)
    assert [one.position for one in listed] == [*range(1, len(listed) + 1)]
    return "".join(chr(one.duration_ms) for one in listed)


def ids(studio: Studio, animation_id: UUID, text: str) -> list[UUID]:
    """The frames of these letters, in this order."""
    listed = studio.mine.run(frames.list, animation_id=animation_id, page_size=1000)
    known = {chr(one.duration_ms): one.id for one in listed}
    return [known[each] for each in text]


def tagged(studio: Studio, animation_id: UUID) -> dict[str, tuple[int, int]]:
    return {
        one.name: (one.first_position, one.last_position)
        for one in studio.mine.run(tags.list, animation_id=animation_id)
    }


def test_an_animation_hangs_under_its_characters_project(studio: Studio) -> None:
    character_id = studio.character()
    walk = studio.mine.run(
        animations.create,
        character_id=character_id,
        name="Walk",
        playback=Playback.PING_PONG,
        repeats=2,
    )
    assert (walk.project_id, walk.frames_per_second) == (studio.project_id, 12)
    with pytest.raises(Taken, match="already has an animation with this name"):
        studio.mine.run(animations.create, character_id=character_id, name="Walk")
    studio.mine.run(animations.delete, id=walk.id)
    studio.mine.run(animations.create, character_id=character_id, name="Walk")
    with pytest.raises(Taken):
        studio.mine.run(animations.restore, id=walk.id)
    with pytest.raises(TransitionRefused, match="This animation was deleted"):
        add(studio, walk.id, "a")
    (listed,) = studio.mine.run(
        animations.list, character_id=character_id, page_size=10
    )
    assert listed.id != walk.id


def test_a_character_hides_its_animations_while_it_is_deleted(studio: Studio) -> None:
    character_id = studio.character()
    studio.mine.run(animations.create, character_id=character_id, name="Walk")
    studio.mine.run(characters.delete, id=character_id)
    assert (
        studio.mine.run(characters.list, project_id=studio.project_id, page_size=5)
        == []
    )
    assert (
        studio.mine.run(animations.list, character_id=character_id, page_size=5) == []
    )
    with pytest.raises(TransitionRefused, match="This character was deleted"):
        studio.mine.run(animations.create, character_id=character_id, name="Run")
    studio.mine.run(characters.restore, id=character_id)
    (listed,) = studio.mine.run(animations.list, character_id=character_id, page_size=5)
    changed = studio.mine.run(
        animations.update,
        id=listed.id,
        name="Run",
        frames_per_second=24,
        playback=Playback.REVERSE,
    )
    assert changed.name == "Run"
    studio.mine.run(
        characters.update, id=character_id, name="Hare", description="Fast.", config={}
    )
    assert studio.mine.run(characters.get, id=character_id).description == "Fast."


def test_nothing_is_added_under_a_deleted_project(studio: Studio, walk: UUID) -> None:
    add(studio, walk, "ab")
    character_id = studio.character()
    studio.mine.run(projects.delete, id=studio.project_id)
    for act in (
        lambda: studio.mine.run(
            characters.create, project_id=studio.project_id, name="x"
        ),
        lambda: studio.mine.run(animations.create, character_id=character_id, name="x"),
        lambda: add(studio, walk, "c"),
        lambda: studio.mine.run(
            tags.set_all,
            animation_id=walk,
            names=["x"],
            first_positions=[1],
            last_positions=[1],
        ),
    ):
        with pytest.raises(TransitionRefused, match="This project was deleted"):
            act()
    assert studio.mine.run(frames.list, animation_id=walk, page_size=10) == []
    studio.mine.run(projects.restore, id=studio.project_id)
    assert told(studio, walk) == "ab"


def test_a_whole_animation_comes_in_one_statement(studio: Studio, walk: UUID) -> None:
    image = studio.image()
    studio.mine.run(
        frames.add_many,
        animation_id=walk,
        durations_ms=[40, 50],
        asset_ids=[image, image],
        pivots_x=[3],
        pivots_y=[4],
        sources_x=[0, 32],
        sources_y=[0, 0],
        source_widths=[32, 32],
        source_heights=[64, 64],
    )
    first, second = studio.mine.run(frames.list, animation_id=walk, page_size=10)
    assert (first.duration_ms, first.pivot_x, first.pivot_y) == (40, 3, 4)
    assert (second.source_x, second.source_width, second.pivot_x) == (32, 32, None)
    assert first.uri == second.uri == f"{studio.user_id}/{image}.png"
    assert (first.asset_width, first.asset_height) == (64, 64)


def test_a_frame_without_a_duration_has_the_animations(
    studio: Studio, walk: UUID
) -> None:
    studio.mine.run(frames.add_many, animation_id=walk, pivots_x=[1], pivots_y=[1])
    (frame,) = studio.mine.run(frames.list, animation_id=walk, page_size=10)
    assert frame.duration_ms == 1000 // 12


def test_frames_are_put_between_others_and_tags_make_room(
    studio: Studio, walk: UUID
) -> None:
    add(studio, walk, "abcd")
    studio.mine.run(
        tags.set_all,
        animation_id=walk,
        names=["all", "before", "around", "behind"],
        first_positions=[1, 1, 2, 3],
        last_positions=[4, 2, 3, 4],
    )
    add(studio, walk, "xy", at=3)
    assert told(studio, walk) == "abxycd"
    assert tagged(studio, walk) == {
        "all": (1, 6),
        "before": (1, 2),
        "around": (2, 5),
        "behind": (5, 6),
    }


@pytest.mark.parametrize(
    ("block", "to", "after"),
    [
        ("c", 1, "cabdef"),
        ("a", 6, "bcdefa"),
        ("ac", 3, "bdacef"),
        ("fa", 1, "fabcde"),
        ("bd", 99, "acefbd"),
        ("e", 5, "abcdef"),
        ("ba", -3, "bacdef"),
    ],
)
def test_frames_move_side_by_side(
    studio: Studio, walk: UUID, block: str, to: int, after: str
) -> None:
    add(studio, walk, "abcdef")
    studio.mine.run(
        frames.move_many,
        animation_id=walk,
        ids=ids(studio, walk, block),
        to_position=to,
    )
    assert told(studio, walk) == after


def test_a_move_names_frames_of_the_animation_once(studio: Studio, walk: UUID) -> None:
    add(studio, walk, "ab")
    a, b = ids(studio, walk, "ab")
    for wrong in ([a, a], [a, uuid4()], [b, a, b]):
        with pytest.raises(Invalid, match="each once"):
            studio.mine.run(
                frames.move_many, animation_id=walk, ids=wrong, to_position=1
            )


def test_a_hundred_frames_are_timed_and_moved_in_one_call(
    studio: Studio, walk: UUID
) -> None:
    placed = studio.mine.run(
        frames.add_many, animation_id=walk, durations_ms=[40] * 100
    )
    every = [one.id for one in placed]
    changed = studio.mine.run(
        frames.set_durations,
        animation_id=walk,
        ids=every,
        durations_ms=[*range(1, 101)],
    )
    assert changed == 100
    Random(1).shuffle(every)
    studio.mine.run(frames.move_many, animation_id=walk, ids=every, to_position=1)
    listed = studio.mine.run(frames.list, animation_id=walk, page_size=100)
    assert [one.id for one in listed] == every
    assert sorted(one.duration_ms for one in listed) == [*range(1, 101)]


@pytest.mark.parametrize(
    ("gone", "left", "spans"),
    [
        ("b", "acde", {"first": (1, 1), "mid": (2, 3), "all": (1, 4)}),
        ("cd", "abe", {"first": (1, 2), "all": (1, 3)}),
        ("ab", "cde", {"mid": (1, 2), "all": (1, 3)}),
        ("abcde", "", {}),
        ("ae", "bcd", {"first": (1, 1), "mid": (2, 3), "all": (1, 3)}),
    ],
)
def test_frames_go_and_tags_keep_what_is_left(
    studio: Studio, walk: UUID, gone: str, left: str, spans: dict[str, tuple[int, int]]
) -> None:
    add(studio, walk, "abcde")
    studio.mine.run(
        tags.set_all,
        animation_id=walk,
        names=["first", "mid", "all"],
        first_positions=[1, 3, 1],
        last_positions=[2, 4, 5],
    )
    deleted = studio.mine.run(
        frames.delete_many, animation_id=walk, ids=ids(studio, walk, gone)
    )
    assert deleted == len(gone)
    assert told(studio, walk) == left
    assert tagged(studio, walk) == spans


def test_tags_may_overlap_and_end_within_the_animation(
    studio: Studio, walk: UUID
) -> None:
    add(studio, walk, "abc")
    made_tags = studio.mine.run(
        tags.set_all,
        animation_id=walk,
        names=["x", "y"],
        first_positions=[1, 2],
        last_positions=[2, 3],
        playbacks=[Playback.REVERSE, Playback.PING_PONG],
        repeats=[2, 3],
    )
    assert made_tags == 2
    with pytest.raises(Invalid, match="a frame that the animation has"):
        studio.mine.run(
            tags.set_all,
            animation_id=walk,
            names=["x"],
            first_positions=[1],
            last_positions=[4],
        )
    assert [one.playback for one in studio.mine.run(tags.list, animation_id=walk)] == [
        Playback.REVERSE,
        Playback.PING_PONG,
    ]


def test_frames_are_shown_by_other_assets(studio: Studio, walk: UUID) -> None:
    add(studio, walk, "ab")
    image = studio.image()
    (a,) = ids(studio, walk, "a")
    shown = studio.mine.run(
        frames.show_many, animation_id=walk, ids=[a], asset_ids=[image]
    )
    studio.mine.run(frames.set_pivot, id=a, pivot_x=7, pivot_y=8)
    first, second = studio.mine.run(frames.list, animation_id=walk, page_size=10)
    assert (shown, first.asset_id, second.asset_id) == (1, image, None)
    assert (first.pivot_x, first.pivot_y) == (7, 8)


def test_anothers_animation_is_not_there(studio: Studio, walk: UUID) -> None:
    add(studio, walk, "a")
    other = studio.store.user(users.make(studio.database))
    for act in (
        lambda: other.run(frames.add_many, animation_id=walk, durations_ms=[1]),
        lambda: other.run(frames.delete_many, animation_id=walk, ids=[walk]),
        lambda: other.run(animations.to_aseprite, id=walk),
        lambda: other.run(animations.get, id=walk),
    ):
        with pytest.raises(NotFound):
            act()
    with (
        acting(studio.database, "app", studio.user_id) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("update studio.frames set position = 9")
