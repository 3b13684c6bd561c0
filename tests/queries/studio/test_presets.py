"""sql/queries/studio/presets.sql: own presets and standard ones, and which is chosen."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, look, plans, users

from renderstore.errors import Invalid, NotAllowed, NotFound, Taken, TransitionRefused
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import PresetKind, presets
from renderstore.testing import Database

KINDS_WITH_A_STANDARD = set(PresetKind) - {PresetKind.OTHER}


def made(scope: SyncScope, name: str, *, is_default: bool = False) -> UUID:
    """An own preset for images."""
    return scope.run(
        presets.create,
        kind=PresetKind.IMAGE,
        name=name,
        settings={"style": name},
        is_default=is_default,
    ).id


def chosen(scope: SyncScope) -> str:
    return scope.run(presets.choose, kind=PresetKind.IMAGE).name


def names(scope: SyncScope) -> list[str]:
    choices = scope.run(presets.list_choices, kind=PresetKind.IMAGE, page_size=100)
    return [choice.name for choice in choices]


def test_a_new_user_has_a_standard_choice_of_every_kind(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    for kind in KINDS_WITH_A_STANDARD:
        choice = mine.run(presets.choose, kind=kind)
        assert (choice.is_standard, choice.is_chosen, choice.is_default) == (True,) * 3
        assert choice.settings
    with pytest.raises(NotFound):
        mine.run(presets.choose, kind=PresetKind.OTHER)


def test_own_presets_stand_before_the_standard_ones(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    made(mine, "Foxes")
    made(mine, "Bears")
    assert names(mine) == [
        "Bears",
        "Foxes",
        "Cinematic",
        "Flat illustration",
        "Pixel art",
    ]
    other = store.user(users.make(database))
    assert names(other) == ["Cinematic", "Flat illustration", "Pixel art"]


def test_the_own_default_is_chosen_and_one_takes_the_place_of_another(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    assert chosen(mine) == "Cinematic"
    foxes = made(mine, "Foxes", is_default=True)
    assert chosen(mine) == "Foxes"
    bears = made(mine, "Bears")
    assert chosen(mine) == "Foxes"
    mine.run(presets.set_default, id=bears)
    assert chosen(mine) == "Bears"
    made(mine, "Owls", is_default=True)
    assert chosen(mine) == "Owls"
    assert not mine.run(presets.get, id=foxes).is_default
    mine.run(presets.set_default, id=foxes)
    mine.run(presets.set_default, id=foxes)
    assert chosen(mine) == "Foxes"
    mine.run(presets.clear_default, kind=PresetKind.IMAGE)
    assert chosen(mine) == "Cinematic"
    # A default of one kind says nothing of another, nor of another user.
    assert mine.run(presets.choose, kind=PresetKind.VOICE).is_standard
    assert chosen(store.user(users.make(database))) == "Cinematic"


def test_a_deleted_default_gives_way_to_the_standard_one_and_comes_back_as_none(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database, plan_id="free"))
    foxes = made(mine, "Foxes", is_default=True)
    deleted = mine.run(presets.delete, id=foxes)
    assert deleted.purge_at is not None
    assert chosen(mine) == "Cinematic"
    assert "Foxes" not in names(mine)
    [listed] = mine.run(presets.list_deleted, page_size=10)
    assert (listed.id, listed.name) == (foxes, "Foxes")
    with pytest.raises(TransitionRefused, match="restore it first"):
        mine.run(presets.set_default, id=foxes)
    with pytest.raises(TransitionRefused, match="deleted before"):
        mine.run(presets.delete, id=foxes)
    mine.run(presets.restore, id=foxes)
    assert "Foxes" in names(mine)
    assert chosen(mine) == "Cinematic"
    with pytest.raises(TransitionRefused, match="was not deleted"):
        mine.run(presets.restore, id=foxes)


def test_a_name_is_taken_once_among_the_living_of_a_kind(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    foxes = made(mine, "Foxes")
    with pytest.raises(Taken, match="of this kind with this name"):
        made(mine, "Foxes")
    mine.run(presets.create, kind=PresetKind.VOICE, name="Foxes")
    mine.run(presets.delete, id=foxes)
    made(mine, "Foxes")
    with pytest.raises(Taken, match="of this kind with this name"):
        mine.run(presets.restore, id=foxes)
    # The standard ones' names are free.
    made(mine, "Cinematic")


def test_a_preset_changes_as_its_owner_says(
    database: Database, store: SyncStore
) -> None:
    mine = store.user(users.make(database))
    foxes = made(mine, "Foxes")
    mine.run(presets.update, id=foxes, name="Foxes 2", settings={"style": "ink"})
    found = mine.run(presets.get, id=foxes)
    assert (found.name, found.settings) == ("Foxes 2", {"style": "ink"})
    with pytest.raises(Invalid, match="JSON object"):
        mine.run(presets.update, id=foxes, name="Foxes", settings=["ink"])
    mine.run(presets.delete, id=foxes)
    with pytest.raises(NotFound):
        mine.run(presets.update, id=foxes, name="Foxes", settings={})
    other = store.user(users.make(database))
    for refused in (presets.set_default, presets.restore):
        with pytest.raises(NotFound, match="no preset with this id"):
            other.run(refused, id=foxes)


def test_the_sweep_purges_what_cannot_be_restored_any_more(
    database: Database, store: SyncStore
) -> None:
    plan = plans.make(database, keep_deleted_days=0)
    mine = store.user(users.make(database, plan_id=plan))
    foxes, bears = made(mine, "Foxes"), made(mine, "Bears")
    mine.run(presets.delete, id=foxes)
    with pytest.raises(TransitionRefused, match="is over"):
        mine.run(presets.restore, id=foxes)
    with psycopg.connect(database.admin_url) as conn:
        # A tenant's lock stops nobody else's.
        conn.execute("select from studio.presets where id = %s for update", [foxes])
        assert look(database, "select studio.purge_presets(10)") == [(0,)]
    assert look(database, "select studio.purge_presets(10)") == [(1,)]
    assert look(database, "select id from studio.presets") == [(bears,)]


def test_an_administrator_sets_a_users_default_and_the_standard_ones(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    mine = store.user(user_id)
    foxes = made(mine, "Foxes")
    admin = store.admin(reason="the tests' DBA")
    admin.run(presets.set_default, id=foxes, user_id=user_id)
    assert chosen(mine) == "Foxes"
    admin.run(presets.clear_default, kind=PresetKind.IMAGE, user_id=user_id)
    with acting(database, "admin", None, "dba:tests") as conn:
        conn.execute(
            "update studio.standard_presets set is_default = false where kind = 'image'"
        )
        conn.execute(
            "update studio.standard_presets set is_default = true where id = 'image_pixel'"
        )
    assert chosen(mine) == "Pixel art"
    with acting(database, "app", user_id) as conn, pytest.raises(psycopg.Error):
        conn.execute("update studio.standard_presets set is_default = false")


def test_an_administrator_does_not_wait_for_what_a_user_holds(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    foxes = made(store.user(user_id), "Foxes")
    with acting(database, "app", user_id) as conn:
        conn.execute("select from studio.presets where id = %s for update", [foxes])
        with (
            acting(database, "admin", None, "dba:tests") as admin,
            pytest.raises(psycopg.errors.LockNotAvailable, match="try again"),
        ):
            admin.execute("select studio.set_default_preset(%s, %s)", [foxes, user_id])


def test_no_user_makes_presets_for_another(
    database: Database, store: SyncStore
) -> None:
    mine, other_id = store.user(users.make(database)), users.make(database)
    with pytest.raises(NotAllowed, match="names another user"):
        mine.run(presets.create, kind=PresetKind.IMAGE, name="a", user_id=other_id)
