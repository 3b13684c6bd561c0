"""studio.to_aseprite and studio.import_aseprite: the way round, by other programs' rules too."""

from __future__ import annotations

import json
from typing import Any, cast
from uuid import UUID

import pytest
from tests.factories import look
from tests.queries.studio.world import Studio, made

from renderstore.errors import Invalid, NotFound, TransitionRefused
from renderstore.store import SyncStore
from renderstore.studio import Playback, animations, frames, projects, tags
from renderstore.testing import Database

from .pixi import parsed

# As Aseprite 1.3 writes it (--format json-hash --list-tags --list-slices), shortened.
EXPORTED = """
{ "frames": {
   "fox 10.aseprite": {
    "frame": { "x": 0, "y": 0, "w": 16, "h": 24 }, "rotated": false, "trimmed": false,
    "spriteSourceSize": { "x": 0, "y": 0, "w": 16, "h": 24 },
    "sourceSize": { "w": 16, "h": 24 }, "duration": 100
   },
   "fox 9.aseprite": {
    "frame": { "x": 16, "y": 0, "w": 16, "h": 24 }, "rotated": false, "trimmed": false,
    "spriteSourceSize": { "x": 0, "y": 0, "w": 16, "h": 24 },
    "sourceSize": { "w": 16, "h": 24 }, "duration": 40
   },
   "a": {
    "frame": { "x": 32, "y": 0, "w": 16, "h": 24 }, "rotated": false, "trimmed": false,
    "spriteSourceSize": { "x": 0, "y": 0, "w": 16, "h": 24 },
    "sourceSize": { "w": 16, "h": 24 }, "duration": 250
   }
 },
 "meta": {
  "app": "https://www.aseprite.org/", "version": "1.3.8-x64", "image": "fox.png",
  "format": "RGBA8888", "size": { "w": 48, "h": 24 }, "scale": "1",
  "frameTags": [
   { "name": "walk", "from": 0, "to": 2, "direction": "pingpong_reverse", "color": "#000000ff" },
   { "name": "blink", "from": 1, "to": 1, "direction": "reverse", "color": "#000000ff", "repeat": "3" }
  ],
  "layers": [ { "name": "Layer 1", "opacity": 255, "blendMode": "normal" } ],
  "slices": [
   { "name": "hitbox", "color": "#0000ffff", "keys": [{ "frame": 0, "bounds": {"x": 1, "y": 1, "w": 2, "h": 2 } }] },
   { "name": "feet", "color": "#0000ffff", "keys": [
     { "frame": 0, "bounds": {"x": 4, "y": 10, "w": 8, "h": 14 }, "pivot": {"x": 4, "y": 13 } },
     { "frame": 2, "bounds": {"x": 0, "y": 0, "w": 16, "h": 24 }, "pivot": {"x": 9, "y": 22 } }] }
  ]
 }
}
"""


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


def put_in(studio: Studio, text: str, name: str = "Walk", **more: UUID) -> UUID:
    """As a program sends it: the text itself, so that the hash keeps its order."""
    with studio.mine as conn:
        row = conn.execute(
            "select animation_id from studio.import_aseprite(%s, %s, %s::json, %s)",
            [studio.character(), name, text, more.get("asset_id")],
        ).fetchone()
    assert row is not None
    return cast(UUID, row[0])


def shape(studio: Studio, animation_id: UUID) -> tuple[object, ...]:
    """All of an animation but its ids."""
    found = studio.mine.run(animations.get, id=animation_id)
    return (
        (found.frames_per_second, found.playback, found.repeats),
        [
            (
                *(f.position, f.duration_ms, f.pivot_x, f.pivot_y, f.asset_id),
                *(f.source_x, f.source_y, f.source_width, f.source_height),
            )
            for f in studio.mine.run(
                frames.list, animation_id=animation_id, page_size=1000
            )
        ],
        [
            (t.name, t.first_position, t.last_position, t.playback, t.repeats)
            for t in studio.mine.run(tags.list, animation_id=animation_id)
        ],
    )


def exported(studio: Studio, animation_id: UUID, *, is_array: bool) -> Any:
    return studio.mine.run(animations.to_aseprite, id=animation_id, is_array=is_array)


def test_what_aseprite_exports_comes_in(studio: Studio) -> None:
    sheet = studio.image()
    _, listed, tagged = shape(studio, put_in(studio, EXPORTED, asset_id=sheet))
    assert listed == [
        (1, 100, 8, 23, sheet, 0, 0, 16, 24),
        (2, 40, 8, 23, sheet, 16, 0, 16, 24),
        (3, 250, 9, 22, sheet, 32, 0, 16, 24),
    ]
    assert tagged == [
        ("walk", 1, 3, Playback.PING_PONG_REVERSE, None),
        ("blink", 2, 2, Playback.REVERSE, 3),
    ]


@pytest.mark.parametrize("is_array", [True, False], ids=["array", "hash"])
def test_the_way_round_changes_nothing(studio: Studio, is_array: bool) -> None:
    first = put_in(studio, EXPORTED, asset_id=studio.image())
    sent = exported(studio, first, is_array=is_array)
    again = put_in(studio, json.dumps(sent), "Again")
    assert shape(studio, again) == shape(studio, first)
    assert exported(studio, again, is_array=is_array)["meta"] == sent["meta"]


@pytest.mark.parametrize("is_array", [True, False], ids=["array", "hash"])
def test_images_of_their_own_and_missing_pivots_come_round_too(
    studio: Studio, is_array: bool
) -> None:
    walk = studio.mine.run(
        animations.create,
        character_id=studio.character(),
        name="Walk",
        frames_per_second=24,
        playback=Playback.PING_PONG,
        repeats=4,
    ).id
    for pivot in (None, [63], None):
        studio.mine.run(
            frames.add_many,
            animation_id=walk,
            asset_ids=[studio.image()],
            pivots_x=pivot,
            pivots_y=pivot,
        )
    studio.mine.run(frames.add_many, animation_id=walk, durations_ms=[7] * 8)
    sent = exported(studio, walk, is_array=is_array)
    assert shape(studio, put_in(studio, json.dumps(sent))) == shape(studio, walk)


def test_an_animation_without_frames_comes_round(studio: Studio) -> None:
    walk = studio.animation()
    for is_array in (True, False):
        sent = exported(studio, walk, is_array=is_array)
        again = put_in(studio, json.dumps(sent))
        assert shape(studio, again) == shape(studio, walk)


def test_the_typed_function_takes_the_array_form(studio: Studio) -> None:
    first = put_in(studio, EXPORTED, asset_id=studio.image())
    again = studio.mine.run(
        animations.import_aseprite,
        character_id=studio.character(),
        name="Again",
        data=exported(studio, first, is_array=True),
    )
    assert (again.frames, again.tags) == (3, 2)
    assert shape(studio, again.id) == shape(studio, first)


@pytest.mark.parametrize("is_array", [True, False], ids=["array", "hash"])
def test_pixijs_reads_it(studio: Studio, is_array: bool) -> None:
    sent = exported(
        studio, put_in(studio, EXPORTED, asset_id=studio.image()), is_array=is_array
    )
    names = [*sent["frames"]] if not is_array else ["0", "1", "2"]
    assert parsed(sent) == {
        name: {"x": 16 * n, "y": 0, "w": 16, "h": 24} for n, name in enumerate(names)
    }


def test_trimmed_frames_keep_their_place(studio: Studio) -> None:
    data = json.loads(EXPORTED)
    data["frames"]["a"] |= {
        "trimmed": True,
        "frame": {"x": 32, "y": 0, "w": 10, "h": 20},
        "spriteSourceSize": {"x": 3, "y": 2, "w": 10, "h": 20},
    }
    _, listed, _ = shape(studio, put_in(studio, json.dumps(data)))
    assert isinstance(listed, list)
    assert [one[2:4] for one in cast("list[tuple[int, ...]]", listed)] == [
        (8, 23),
        (8, 23),
        (6, 20),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("[]", "has frames"),
        ("{}", "has frames"),
        ('{"frames": 7}', "has frames"),
        ('{"frames": [{"duration": 0}]}', "1 millisecond to an hour"),
        ('{"frames": [{"duration": "soon"}]}', "not written as its type"),
        ('{"frames": [{"duration": 9, "rotated": true}]}', "rotated frame"),
        (
            '{"frames": [{"duration": 9}], "meta":'
            ' {"frameTags": [{"name": "x", "from": 0, "to": 1}]}}',
            "a frame that the animation has",
        ),
        (
            '{"frames": [{"duration": 9}], "meta":'
            ' {"frameTags": [{"name": "x", "from": 0, "to": 0, "direction": "up"}]}}',
            "not written as its type",
        ),
    ],
)
def test_what_is_no_export_is_refused_whole(
    studio: Studio, wrong: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        put_in(studio, wrong)
    assert look(studio.database, "select from studio.animations") == []


def test_who_has_no_character_or_no_project_imports_nothing(studio: Studio) -> None:
    with pytest.raises(NotFound, match="There is no character"):
        studio.mine.run(
            animations.import_aseprite,
            character_id=studio.user_id,
            name="Walk",
            data={"frames": []},
        )
    character_id = studio.character()
    studio.mine.run(projects.delete, id=studio.project_id)
    with pytest.raises(TransitionRefused, match="This project was deleted"):
        studio.mine.run(
            animations.import_aseprite,
            character_id=character_id,
            name="Walk",
            data={"frames": []},
        )
