"""renderstore.janitor: the end of a file, and what lies on disk against what the rows say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner
from tests.factories import look, registered
from tests.queries.media.world import Portal
from tests.queries.studio.world import Studio, made

from renderstore import janitor
from renderstore.cli import cli
from renderstore.media import downloads
from renderstore.ops import removals
from renderstore.store import SyncStore
from renderstore.studio import AssetKind, assets, frames, projects
from renderstore.testing import Database

KILLS = 500 if os.environ.get("RENDERSTORE_PROVE") else 30


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


def stored(studio: Studio, root: Path) -> tuple[UUID, Path]:
    """A kept image with its file."""
    asset_id = studio.image()
    path = root / str(studio.user_id) / f"{asset_id}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"png")
    return asset_id, path


def test_what_was_deleted_for_good_goes_and_what_lives_stays(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    (gone, lost), (_, kept), (trashed, waiting) = (stored(studio, root) for _ in "123")
    studio.mine.run(assets.delete, id=gone, is_final=True)
    studio.mine.run(assets.delete, id=trashed)
    done = janitor.clean(store, delete=janitor.below(root))
    assert (done.removed, done.failed) == (1, 0)
    assert [each.exists() for each in (lost, kept, waiting)] == [False, True, True]
    assert janitor.clean(store, delete=janitor.below(root)).removed == 0


def test_a_file_that_is_gone_already_is_as_good_as_removed(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    asset_id, path = stored(studio, root)
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    path.unlink()
    assert janitor.clean(store, delete=janitor.below(root)).removed == 1
    assert studio.state(asset_id) == "gone"


def test_what_fails_is_noted_and_stops_nothing_else(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    (stuck, _), (fine, path) = stored(studio, root), stored(studio, root)
    for asset_id in (stuck, fine):
        studio.mine.run(assets.delete, id=asset_id, is_final=True)

    def delete(uri: str) -> None:
        if str(stuck) in uri:
            raise PermissionError("The disk is full of itself")
        janitor.below(root)(uri)

    done = janitor.clean(store, delete=delete)
    assert (done.removed, done.failed) == (1, 1)
    assert not path.exists()
    (listed,) = store.readonly().run(removals.list, page_size=10)
    assert listed.last_error == "PermissionError: The disk is full of itself"


def test_a_path_outside_of_the_owners_folder_is_refused(
    tmp_path: Path, root: Path
) -> None:
    owner, outside = str(uuid4()), tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png").write_bytes(b"")
    (root / "b.png").write_bytes(b"")
    (root / owner).mkdir()
    (root / owner / "out").symlink_to(outside)
    (root / str(uuid4())).symlink_to(outside)
    linked = next(each.name for each in root.iterdir() if each.is_symlink())
    delete = janitor.below(root)
    for wrong in (
        "b.png",
        "/etc/passwd",
        f"{owner}/../b.png",
        f"{owner}/./a.png",
        f"{owner}/out/a.png",
        f"{linked}/a.png",
        f"{owner}/a\n.png",
        "",
    ):
        with pytest.raises(janitor.OutsideRoot):
            delete(wrong)
    assert (outside / "a.png").exists()
    (root / owner / "link.png").symlink_to(outside / "a.png")
    delete(f"{owner}/link.png")
    assert (outside / "a.png").exists()
    assert not (root / owner / "link.png").is_symlink()


def test_the_files_of_an_erased_user_go(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    _, path = stored(studio, root)
    with psycopg.connect(studio.database.admin_url) as conn:
        conn.execute("delete from identity.users where id = %s", [studio.user_id])
    assert janitor.clean(store, delete=janitor.below(root)).removed == 1
    assert not path.exists()


def test_files_of_somebody_who_moves_wait(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    """Where the user arrives the asset may be restored by now."""
    asset_id, path = stored(studio, root)
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    moves = "insert into ops.moves (user_id, to_farm_id) values (%(id)s, 2) returning 1"
    look(studio.database, moves, id=studio.user_id)
    assert janitor.clean(store, delete=janitor.below(root)).removed == 0
    assert path.exists()
    look(studio.database, "delete from ops.moves returning 1")
    assert janitor.clean(store, delete=janitor.below(root)).removed == 1


def test_reconcile_says_both_ways_and_fixes(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    _, kept = stored(studio, root)
    missed, gone = stored(studio, root)
    trashed, waiting = stored(studio, root)
    studio.mine.run(assets.delete, id=trashed)
    studio.mine.run(assets.begin, kind=AssetKind.AUDIO, size_bytes=1)
    gone.unlink()
    stray = kept.with_name(f"{uuid4()}.png")
    stray.write_bytes(b"stray")
    (root / "README").write_text("not ours")

    def told(*options: str) -> str:
        done = CliRunner().invoke(
            cli,
            ["reconcile", "--root", str(root), *options],
            env={"DATABASE_URL": studio.database.url},
        )
        assert done.exit_code == 0, done.output
        return done.output

    said = told()
    assert f"on disk without a row: '{studio.user_id}/{stray.name}'" in said
    assert "on disk without a row: 'README'" in said
    assert f"in a row without a file: {studio.user_id}/{missed}.png" in said
    assert "2 files without a row, 1 rows without a file." in said
    assert kept.name not in said
    assert waiting.name not in said
    assert "2 fixed" in told("--fix")
    assert studio.mine.run(assets.get, id=missed).missing_at is not None
    assert janitor.clean(store, delete=janitor.below(root)).removed == 1
    assert not stray.exists()
    gone.write_bytes(b"found again")
    assert "marked as missing, and there" in told("--fix")
    assert studio.mine.run(assets.get, id=missed).missing_at is None
    assert told().splitlines()[-1].startswith("1 files without a row, 0 rows")


def test_the_command_removes_once(studio: Studio, root: Path) -> None:
    asset_id, path = stored(studio, root)
    studio.mine.run(assets.delete, id=asset_id, is_final=True)
    done = CliRunner().invoke(
        cli,
        ["janitor", "--root", str(root)],
        env={"DATABASE_URL": studio.database.url},
    )
    assert done.output == "1 files removed, 0 failed.\n"
    assert not path.exists()


PROGRAM = """
import sys
from datetime import timedelta
from renderstore import connect, janitor
with connect(sys.argv[1], size=2) as store:
    print("up", flush=True)
    while True:
        janitor.clean(store, delete=janitor.below(sys.argv[2]), name=sys.argv[3],
                      limit=3, lease=timedelta(seconds=1))
"""


def test_janitors_that_are_killed_lose_nothing_and_remove_nothing_in_use(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    dice = Random(7)
    living: dict[UUID, Path] = {}
    dying: list[Path] = []
    shown = studio.animation()

    def begin(name: str) -> subprocess.Popen[bytes]:
        started = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, studio.database.url, str(root), name],
            stdout=subprocess.PIPE,
        )
        assert started.stdout is not None
        started.stdout.readline()
        return started

    janitors = [begin("janitor-1"), begin("janitor-2")]
    try:
        for kill in range(KILLS):
            for _ in range(3):
                asset_id, path = stored(studio, root)
                if dice.random() < 0.7:
                    studio.mine.run(assets.delete, id=asset_id, is_final=True)
                    dying.append(path)
                else:
                    studio.mine.run(
                        frames.add_many, animation_id=shown, asset_ids=[asset_id]
                    )
                    living[asset_id] = path
            time.sleep(dice.random() / 20)
            janitors[kill % 2].send_signal(signal.SIGKILL)
            janitors[kill % 2].wait()
            janitors[kill % 2] = begin(f"janitor-{kill % 2 + 1}")
    finally:
        for each in janitors:
            each.kill()
            each.wait()
    studio.later("ops.removals", "due_at")
    janitor.clean(store, delete=janitor.below(root))
    assert not [path for path in dying if path.exists()]
    assert not [path for path in living.values() if not path.exists()]
    assert look(studio.database, "select from ops.removals") == []
    assert not list(janitor.reconcile(store, root))


def test_a_purged_projects_files_go(
    studio: Studio, root: Path, store: SyncStore
) -> None:
    _, path = stored(studio, root)
    studio.mine.run(projects.purge, id=studio.project_id)
    with store.worker("sweeper") as conn:
        conn.execute("select from ops.sweep()")
    assert janitor.clean(store, delete=janitor.below(root)).removed == 1
    assert not path.exists()


def test_files_of_downloads_are_files_with_a_row(
    database: Database, store: SyncStore, tmp_path: Path
) -> None:
    portal = Portal(database, store)
    mac = portal.fetching()
    mac.report({"a": "kept", "b": "kept"})
    mac.finish()
    folder = tmp_path / str(portal.user_id)
    folder.mkdir()
    (folder / "a.mp4").write_text("a")
    (folder / "Die Füchse [x].mp4").write_text("stray")
    found = list(janitor.reconcile(store, tmp_path))
    assert [(one.uri, one.is_on_disk) for one in found] == [
        (f"{portal.user_id}/Die Füchse [x].mp4", True),
        (portal.path("b"), False),
    ]
    assert all(janitor.fix(store, one) for one in found)
    assert not janitor.fix(store, found[1])
    # What is missing may be fetched anew, under the same name; what was stray goes.
    assert portal.mine.run(downloads.retry_failed, id=mac.job.id).files == 1
    mac = portal.claimed()
    # What a running download has written, and not reported yet, is no stray.
    (folder / "b.mp4.part").write_text("b")
    [part] = janitor.reconcile(store, tmp_path)
    assert (part.uri, janitor.fix(store, part)) == (
        f"{portal.user_id}/b.mp4.part",
        False,
    )
    (folder / "b.mp4.part").rename(folder / "b.mp4")
    mac.report({"b": "kept"})
    mac.finish()
    registered(store, "janitor")
    done = janitor.clean(store, delete=janitor.below(tmp_path))
    assert (done.removed, done.failed) == (1, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["a.mp4", "b.mp4"]
    assert list(janitor.reconcile(store, tmp_path)) == []
