"""sql/queries/studio/presets.sql: what people choose again and again."""

from __future__ import annotations

from threading import Thread

import pytest
from tests.factories import look

from renderstore.errors import Invalid, NotFound, Taken
from renderstore.store import SyncStore
from renderstore.studio import presets
from renderstore.testing import Database

from .world import Studio, made


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


def test_the_standard_default_is_chosen_until_there_is_an_own_one(
    studio: Studio,
) -> None:
    standard = studio.mine.run(presets.choose, kind="image")
    assert (standard.user_id, standard.name) == (None, "Square")
    own = studio.mine.run(
        presets.create, kind="image", name="Mine", settings={"width": 9}
    )
    assert studio.mine.run(presets.choose, kind="image") == standard
    studio.mine.run(presets.set_default, id=own.id)
    assert studio.mine.run(presets.choose, kind="image").id == own.id
    assert studio.mine.run(presets.delete, id=own.id) == 1
    assert studio.mine.run(presets.choose, kind="image") == standard
    with pytest.raises(NotFound):
        studio.mine.run(presets.choose, kind="none_of_these")


def test_both_are_listed_the_own_ones_first(studio: Studio) -> None:
    studio.mine.run(presets.create, kind="image", name="Zebra")
    other = made(studio.database, studio.store)
    other.mine.run(presets.create, kind="image", name="Theirs")
    listed = studio.mine.run(presets.list, kind="image", page_size=10)
    assert [one.name for one in listed] == ["Zebra", "Square", "Tall", "Wide"]


def test_one_default_a_kind(studio: Studio) -> None:
    first = studio.mine.run(presets.create, kind="voice", name="1", is_default=True)
    with pytest.raises(Taken, match="already have a default of this kind"):
        studio.mine.run(presets.create, kind="voice", name="2", is_default=True)
    second = studio.mine.run(presets.create, kind="voice", name="2")
    ends = [
        Thread(target=studio.mine.run, args=[presets.set_default], kwargs={"id": one})
        for one in [first.id, second.id] * 4
    ]
    for each in ends:
        each.start()
    for each in ends:
        each.join()
    assert look(
        studio.database, "select count(*) from studio.presets where is_default"
    ) == [(1,)]


def test_a_preset_changes_by_its_owner_alone(studio: Studio) -> None:
    own = studio.mine.run(presets.create, kind="voice", name="Calm")
    changed = studio.mine.run(
        presets.update, id=own.id, name="Loud", settings={"speed": 2}
    )
    assert studio.mine.run(presets.get, id=own.id) == changed
    other = made(studio.database, studio.store).mine
    with pytest.raises(NotFound):
        other.run(presets.update, id=own.id, name="x", settings={})
    with pytest.raises(NotFound, match="There is no preset of yours"):
        other.run(presets.set_default, id=own.id)
    assert other.run(presets.delete, id=own.id) == 0
    with pytest.raises(Invalid, match="JSON object"):
        studio.mine.run(presets.update, id=own.id, name="x", settings=[1])
