"""sql/queries/studio/assets.sql and ops/removals.sql: files from their reservation to their removal."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from tests.factories import acting, ago, ahead, look, plans, users

from renderstore.errors import (
    AssetInUse,
    Invalid,
    NotAllowed,
    NotAWorker,
    NotFound,
    QuotaExceeded,
    TransitionRefused,
)
from renderstore.ops import removals
from renderstore.store import SyncStore
from renderstore.studio import (
    AssetKind,
    AssetState,
    assets,
    frames,
    projects,
    usages,
)
from renderstore.testing import Database

from .world import Studio, made


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


def sweep(studio: Studio, part: str = "sweep_assets", max_rows: int = 1000) -> int:
    [(count,)] = look(studio.database, f"select studio.{part}(%(rows)s)", rows=max_rows)
    return int(count)


def bytes_used(studio: Studio) -> tuple[int, int]:
    used = studio.mine.run(usages.get, user_id=studio.user_id)
    return used.stored_bytes, used.reserved_bytes


def clean(studio: Studio) -> int:
    """A janitor that finds every file; how many it removed."""
    janitor = studio.store.worker("janitor-1")
    taken = janitor.run(removals.claim, limit=100)
    return janitor.run(
        removals.confirm,
        user_ids=[one.user_id for one in taken],
        ids=[one.id for one in taken],
    )


def test_a_file_lies_under_its_owners_id(studio: Studio) -> None:
    begun = studio.mine.run(
        assets.begin,
        kind=AssetKind.IMAGE,
        size_bytes=5,
        suffix="png",
        project_id=studio.project_id,
        name="fox.png",
        provenance={"seed": 7},
    )
    assert begun.uri == f"{studio.user_id}/{begun.id}.png"
    found = studio.mine.run(assets.get, id=begun.id)
    assert (found.state, found.name, found.provenance) == (
        AssetState.RESERVED,
        "fox.png",
        {"seed": 7},
    )
    assert begun.reserved_until_at - found.created_at == timedelta(days=1)
    for suffix in ("../x", "p.g", "a" * 17):
        with pytest.raises(Invalid, match="A suffix has up to 16"):
            studio.mine.run(
                assets.begin, kind=AssetKind.IMAGE, size_bytes=5, suffix=suffix
            )


def test_what_came_takes_the_place_of_what_was_expected(studio: Studio) -> None:
    begun = studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=50)
    assert bytes_used(studio) == (0, 50)
    studio.mine.run(
        assets.keep, id=begun.id, size_bytes=70, sha256=bytes(32), width=4, height=2
    )
    assert bytes_used(studio) == (70, 0)
    (found,) = studio.mine.run(assets.find_by_sha256, sha256=bytes(32))
    assert (found.id, found.size_bytes) == (begun.id, 70)
    with pytest.raises(TransitionRefused, match="this one is kept"):
        studio.mine.run(assets.keep, id=begun.id, size_bytes=70)
    with pytest.raises(TransitionRefused, match="this one is kept"):
        studio.mine.run(assets.abandon, id=begun.id)


def test_the_plans_bytes_hold_for_what_comes_and_for_what_is_larger_than_said(
    database: Database, store: SyncStore
) -> None:
    plan = plans.make(database, max_stored_bytes=100)
    studio = made(database, store, plan_id=plan)
    begun = studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=60)
    with pytest.raises(QuotaExceeded, match="allows 100 bytes") as found:
        studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=41)
    assert found.value.constraint == "plans_max_stored_bytes"
    with pytest.raises(QuotaExceeded):
        studio.mine.run(assets.keep, id=begun.id, size_bytes=101)
    studio.mine.run(assets.keep, id=begun.id, size_bytes=100)
    with pytest.raises(QuotaExceeded):
        studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=1)


def test_a_reservation_that_nobody_keeps_ends(studio: Studio) -> None:
    kept = studio.image()
    begun = studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=50)
    given_up = studio.mine.run(assets.begin, kind=AssetKind.IMAGE, size_bytes=7)
    studio.mine.run(assets.abandon, id=given_up.id)
    assert bytes_used(studio) == (100, 50)
    assert sweep(studio) == 0
    studio.later("studio.assets", "sweep_at")
    assert sweep(studio) == 1
    assert bytes_used(studio) == (100, 0)
    assert studio.state(begun.id) == studio.state(given_up.id) == "abandoned"
    assert studio.state(kept) == "kept"
    with pytest.raises(TransitionRefused, match="this one is abandoned"):
        studio.mine.run(assets.keep, id=begun.id, size_bytes=50)
    assert clean(studio) == 2
    assert bytes_used(studio) == (100, 0)


def test_a_deleted_asset_is_restored_while_its_file_is_there(studio: Studio) -> None:
    asset_id = studio.image()
    studio.mine.run(assets.delete, id=asset_id)
    listed = studio.mine.run(assets.list, project_id=studio.project_id, page_size=10)
    assert listed == []
    assert [a.id for a in studio.mine.run(assets.list_deleted, page_size=10)] == [
        asset_id
    ]
    assert clean(studio) == 0
    assert bytes_used(studio) == (100, 0)
    studio.mine.run(assets.restore, id=asset_id)
    assert look(studio.database, "select from ops.removals") == []
    with pytest.raises(TransitionRefused, match="this one is kept"):
        studio.mine.run(assets.restore, id=asset_id)
    studio.mine.run(assets.delete, id=asset_id)
    with pytest.raises(TransitionRefused, match="this one is deleted"):
        studio.mine.run(assets.delete, id=asset_id)
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    assert clean(studio) == 1
    assert studio.state(asset_id) == "gone"
    assert bytes_used(studio) == (0, 0)


def test_a_file_whose_removal_is_claimed_is_not_kept_again(studio: Studio) -> None:
    asset_id = studio.image()
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    janitor = studio.store.worker("janitor-1")
    (taken,) = janitor.run(removals.claim, limit=10)
    assert (taken.uri, taken.tries) == (f"{studio.user_id}/{asset_id}.png", 1)
    assert studio.state(asset_id) == "removing"
    with pytest.raises(TransitionRefused, match="this one is removing"):
        studio.mine.run(assets.restore, id=asset_id)
    assert janitor.run(removals.claim, limit=10) == []
    studio.later("ops.removals", "due_at")
    (again,) = studio.store.worker("janitor-2").run(removals.claim, limit=10)
    assert (again.id, again.tries) == (taken.id, 2)
    for count in (1, 0):
        assert (
            janitor.run(removals.confirm, user_ids=[taken.user_id], ids=[taken.id])
            == count
        )
    assert studio.state(asset_id) == "gone"
    assert bytes_used(studio) == (0, 0)


def test_a_removal_that_failed_is_tried_again_later(studio: Studio) -> None:
    asset_id = studio.image()
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    janitor = studio.store.worker("janitor-1")
    (taken,) = janitor.run(removals.claim, limit=10)
    janitor.run(
        removals.fail, user_id=taken.user_id, id=taken.id, message="Permission denied"
    )
    assert janitor.run(removals.claim, limit=10) == []
    (listed,) = studio.store.readonly().run(removals.list, page_size=10)
    assert (listed.last_error, listed.tries) == ("Permission denied", 1)
    assert listed.due_at > ahead(seconds=60)


def test_nobody_confirms_what_nobody_claimed(studio: Studio) -> None:
    asset_id = studio.image()
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    [(key,)] = look(studio.database, "select id from ops.removals")
    janitor = studio.store.worker("janitor-1")
    assert janitor.run(removals.confirm, user_ids=[studio.user_id], ids=[key]) == 0
    with pytest.raises(NotAllowed):
        studio.mine.run(removals.claim, limit=1)
    with psycopg.connect(studio.database.admin_url) as conn:
        with pytest.raises(psycopg.DatabaseError) as refused:
            conn.execute("select ops.claim_removals()")
        assert refused.value.sqlstate == "RS006"
    assert NotAWorker.__doc__


def test_what_expires_goes_unless_a_frame_uses_it(studio: Studio) -> None:
    used, unused = studio.image(), studio.image()
    animation_id = studio.animation()
    studio.mine.run(frames.add_many, animation_id=animation_id, asset_ids=[used])
    for asset_id in (used, unused):
        changed = studio.mine.run(
            assets.update, id=asset_id, expires_at=ahead(minutes=5)
        )
        assert changed.expires_at is not None
    assert sweep(studio) == 0
    studio.later("studio.assets", "sweep_at")
    assert sweep(studio) == 2
    assert (studio.state(used), studio.state(unused)) == ("kept", "expired")
    assert sweep(studio) == 0
    studio.mine.run(assets.restore, id=unused)
    assert studio.state(unused) == "kept"
    with pytest.raises(AssetInUse, match="uses this asset"):
        studio.mine.run(assets.delete, id=used)
    everything = studio.mine.run(frames.list, animation_id=animation_id, page_size=10)
    studio.mine.run(
        frames.delete_many,
        animation_id=animation_id,
        ids=[one.id for one in everything],
    )
    studio.later("studio.assets", "sweep_at")
    sweep(studio)
    assert studio.state(used) == "expired"


def test_a_frame_is_shown_by_what_is_kept_alone(studio: Studio) -> None:
    asset_id = studio.image()
    studio.mine.run(assets.delete, id=asset_id)
    other = made(studio.database, studio.store).image()
    animation_id = studio.animation()
    for wrong in (asset_id, other):
        with pytest.raises(NotFound, match="There is no kept asset"):
            studio.mine.run(
                frames.add_many, animation_id=animation_id, asset_ids=[wrong]
            )


def test_an_asset_that_two_projects_use_belongs_to_none(studio: Studio) -> None:
    second = studio.mine.run(projects.create, title="The hare").id
    shared = studio.image(project_id=second)
    animation_id = studio.animation()
    studio.mine.run(frames.add_many, animation_id=animation_id, asset_ids=[shared])
    assert studio.mine.run(assets.get, id=shared).project_id is None
    studio.mine.run(projects.purge, id=second)
    sweep(studio, "purge_projects")
    (frame,) = studio.mine.run(frames.list, animation_id=animation_id, page_size=10)
    assert (frame.uri, studio.state(shared)) == (
        f"{studio.user_id}/{shared}.png",
        "kept",
    )


def test_a_purged_project_leaves_no_file(studio: Studio) -> None:
    shown, deleted = studio.image(), studio.image()
    studio.mine.run(assets.delete, id=deleted)
    animation_id = studio.animation()
    studio.mine.run(frames.add_many, animation_id=animation_id, asset_ids=[shown] * 12)
    begun = studio.mine.run(
        assets.begin,
        kind=AssetKind.AUDIO,
        size_bytes=9,
        project_id=studio.project_id,
    )
    studio.mine.run(projects.purge, id=studio.project_id)
    while sweep(studio, "purge_projects", 5):
        pass
    assert look(studio.database, "select from studio.projects") == []
    assert clean(studio) == 3
    assert {studio.state(one) for one in (shown, deleted, begun.id)} == {"gone"}
    assert bytes_used(studio) == (0, 0)
    studio.later("studio.assets", "sweep_at")
    assert sweep(studio) == 3
    assert look(studio.database, "select from studio.assets") == []
    assert look(studio.database, "select from ops.removals") == []


def test_an_erased_users_files_are_removed(studio: Studio) -> None:
    shown, gone = studio.image(), studio.image()
    studio.mine.run(frames.add_many, animation_id=studio.animation(), asset_ids=[shown])
    studio.mine.run(assets.delete, id=gone, is_final=True)
    assert clean(studio) == 1
    deleted = studio.image()
    studio.mine.run(assets.delete, id=deleted)
    with psycopg.connect(studio.database.admin_url) as conn:
        conn.execute("delete from identity.users where id = %s", [studio.user_id])
    assert look(studio.database, "select from studio.assets") == []
    janitor = studio.store.worker("janitor-1")
    taken = janitor.run(removals.claim, limit=10)
    assert {one.uri for one in taken} == {
        f"{studio.user_id}/{one}.png" for one in (shown, deleted)
    }
    assert clean(studio) == 0
    assert (
        janitor.run(
            removals.confirm,
            user_ids=[one.user_id for one in taken],
            ids=[one.id for one in taken],
        )
        == 2
    )
    assert look(studio.database, "select from ops.removals") == []


def test_what_lives_is_never_handed_to_a_janitor(studio: Studio) -> None:
    asset_id = studio.image()
    with psycopg.connect(studio.database.admin_url) as conn:
        conn.execute(
            "insert into ops.removals (user_id, uri, reason)"
            " select user_id, uri, 'stray' from studio.assets where id = %s",
            [asset_id],
        )
    assert clean(studio) == 0
    assert studio.state(asset_id) == "kept"
    assert look(studio.database, "select from ops.removals") == []


def test_the_janitor_and_the_sweep_pass_over_what_a_user_holds(studio: Studio) -> None:
    held, free, due = studio.image(), studio.image(), studio.image()
    for asset_id in (held, free):
        studio.mine.run(assets.delete, id=asset_id, is_final=True)
    studio.mine.run(assets.update, id=due, expires_at=ago(minutes=1))
    with acting(studio.database, "app", studio.user_id) as conn:
        conn.execute(
            "select from studio.assets where id = any(%s) for update", [[held, due]]
        )
        assert clean(studio) == 1
        assert sweep(studio) == 0
    assert clean(studio) == 1
    assert sweep(studio) == 1
    janitor = studio.store.worker("janitor-1")
    taken = janitor.run(removals.claim, limit=10)
    with acting(studio.database, "app", studio.user_id) as conn:
        conn.execute("select from studio.assets where id = %s for update", [due])
        keys = {
            "user_ids": [one.user_id for one in taken],
            "ids": [one.id for one in taken],
        }
        assert janitor.run(removals.confirm, **keys) == 0
    assert janitor.run(removals.confirm, **keys) == 1


def test_assets_come_in_pages(studio: Studio) -> None:
    made_ids = [studio.image() for _ in range(3)]
    first = studio.mine.run(assets.list, project_id=studio.project_id, page_size=2)
    rest = studio.mine.run(
        assets.list,
        project_id=studio.project_id,
        before_id=first[-1].id,
        page_size=2,
    )
    assert [one.id for one in first + rest] == made_ids[::-1]
    assert studio.mine.run(assets.list, page_size=2) == []


def test_nobody_names_anothers_file(studio: Studio) -> None:
    stranger = users.make(studio.database)
    theirs = studio.image()
    other = studio.store.user(stranger)
    for act in (
        lambda: other.run(assets.delete, id=theirs),
        lambda: other.run(assets.restore, id=theirs),
        lambda: other.run(assets.keep, id=theirs, size_bytes=1),
        lambda: other.run(assets.abandon, id=theirs),
        lambda: other.run(assets.get, id=theirs),
    ):
        with pytest.raises(NotFound):
            act()
    for statement in (
        "update studio.assets set uri = 'x'",
        "insert into studio.assets (user_id, kind, uri, size_bytes) values"
        f" ('{stranger}', 'image', '{studio.user_id}/{theirs}.png', 1)",
        "select from ops.removals",
    ):
        with (
            acting(studio.database, "app", stranger) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(statement.encode())


def test_find_by_sha256_finds_the_own_alone(studio: Studio) -> None:
    mine = studio.image("same")
    theirs = made(studio.database, studio.store).image("same")
    sha256 = studio.mine.run(assets.get, id=mine).sha256
    assert sha256 is not None
    found: list[UUID] = [
        one.id for one in studio.mine.run(assets.find_by_sha256, sha256=sha256)
    ]
    assert found == [mine]
    assert theirs not in found
