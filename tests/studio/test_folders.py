"""renderstore import-folder: images become assets and frames, whatever else lies between them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from PIL import Image
from tests.factories import look
from tests.queries.studio.world import Studio, made

from renderstore import folders, janitor
from renderstore.cli import cli
from renderstore.errors import QuotaExceeded
from renderstore.store import SyncStore
from renderstore.studio import animations, characters, frames, projects
from renderstore.testing import Database


@pytest.fixture
def studio(database: Database, store: SyncStore) -> Studio:
    return made(database, store)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    folder.mkdir()
    return folder


def png(shade: int, size: tuple[int, int] = (8, 4)) -> bytes:
    made_of = io.BytesIO()
    Image.new("RGB", size, (shade, 0, 0)).save(made_of, "PNG")
    return made_of.getvalue()


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def bring(
    studio: Studio, source: Path, root: Path, *, dry: bool = False
) -> folders.Imported:
    return folders.import_folder(
        studio.mine, source, title="The fox", root=root, dry=dry
    )


def shades(studio: Studio, root: Path, who: str, what: str) -> list[int]:
    """What the frames of an animation show, read from the files."""
    fox = studio.mine.run(
        characters.find_by_name, project_id=studio.project_id, name=who
    )
    assert fox is not None
    walk = studio.mine.run(animations.find_by_name, character_id=fox.id, name=what)
    assert walk is not None
    listed = studio.mine.run(frames.list, animation_id=walk.id, page_size=100)
    seen: list[int] = []
    for one in listed:
        assert one.uri is not None
        assert (one.asset_width, one.asset_height) == (8, 4)
        with Image.open(root / one.uri) as image:
            pixel = image.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        seen.append(int(pixel[0]))
    return seen


def test_a_folder_is_an_animation_in_the_order_of_its_numbers(
    studio: Studio, source: Path, root: Path
) -> None:
    for number in (10, 2, 1, 12):
        put(source / "Fox" / "walk" / f"walk_{number:03}.png", png(number))
    put(source / "Fox" / "walk" / "last.png", png(99))
    put(source / "idle" / "1.png", png(1))
    put(source / "cover.png", png(7))
    done = bring(studio, source, root)
    assert (done.files, done.assets, done.frames, done.animations) == (7, 6, 7, 3)
    assert shades(studio, root, "Fox", "walk") == [1, 2, 10, 12, 99]
    assert shades(studio, root, "public", "idle") == [1]
    assert shades(studio, root, "public", "public") == [7]


def test_a_second_time_adds_what_is_new_where_it_belongs(
    studio: Studio, source: Path, root: Path
) -> None:
    for number in (1, 3):
        put(source / "Fox" / "walk" / f"{number}.png", png(number))
    bring(studio, source, root)
    again = bring(studio, source, root)
    assert (again.files, again.assets, again.frames, again.animations) == (2, 0, 0, 0)
    put(source / "Fox" / "walk" / "2.png", png(2))
    # The same picture twice is two frames of one asset.
    put(source / "Fox" / "walk" / "4.png", png(3))
    third = bring(studio, source, root)
    assert (third.assets, third.frames) == (1, 2)
    assert shades(studio, root, "Fox", "walk") == [1, 2, 3, 3]
    assert not list(janitor.reconcile(studio.store, root))


def test_a_dry_run_changes_nothing(studio: Studio, source: Path, root: Path) -> None:
    put(source / "Fox" / "walk" / "1.png", png(1))
    done = bring(studio, source, root, dry=True)
    assert (done.files, done.assets, done.frames, done.animations) == (1, 1, 1, 1)
    assert look(studio.database, "select from studio.assets") == []
    assert look(studio.database, "select from studio.characters") == []
    assert list(root.iterdir()) == []


def bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_what_lies_is_a_clear_line_and_nothing_is_half_done(
    studio: Studio, source: Path, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "secret.png"
    put(outside, png(1))
    folder = source / "Fox" / "walk"
    put(folder / "1.png", png(1))
    put(folder / "bomb.png", bomb())
    put(folder / "cut.png", png(2, (200, 200))[:150])
    put(folder / "text.png", b"I am no image")
    put(folder / "empty.png", b"")
    put(folder / "new\nline.png", png(3))
    put(folder / "photo.gif", png(4))
    (folder / "link.png").symlink_to(outside)
    (source / "Linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.png")
    lines: list[str] = []
    done = folders.import_folder(
        studio.mine, source, title="The fox", root=root, tell=lines.append
    )
    assert done.files == 2
    said = {line.partition(": ")[0]: line for line in done.skipped}
    at = "Fox/walk"
    assert "it would unpack to more than an image has" in said[f"{at}/bomb.png"]
    assert "it is broken" in said[f"{at}/cut.png"]
    assert "it is no image" in said[f"{at}/text.png"]
    assert "it is no image" in said[f"{at}/empty.png"]
    assert "its name cannot be kept" in said[f"{at}/new\\nline.png"]
    assert "it is a link" in said[f"{at}/link.png"]
    assert "it is a link" in said["Linked"]
    assert "it is no file" in said[f"{at}/pipe.png"]
    assert not [line for line in lines if "\n" in line]
    assert len(list((root / str(studio.user_id)).iterdir())) == 2
    # A PNG that calls itself a GIF is a PNG.
    assert look(studio.database, "select distinct media_type from studio.assets") == [
        ("image/png",)
    ]


def test_a_plan_that_is_full_leaves_nothing_half_done(
    studio: Studio, source: Path, root: Path
) -> None:
    put(source / "1.png", png(1))
    with psycopg.connect(studio.database.admin_url) as conn:
        conn.execute("update identity.plans set max_stored_bytes = 10")
    with pytest.raises(QuotaExceeded):
        bring(studio, source, root)
    assert look(studio.database, "select from studio.assets") == []
    assert list(root.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_half_done(
    studio: Studio, source: Path, root: Path
) -> None:
    put(source / "1.png", png(1))
    (root / str(studio.user_id)).write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        bring(studio, source, root)
    assert look(studio.database, "select state::text from studio.assets") == [
        ("abandoned",)
    ]


def test_the_command_says_what_it_did(studio: Studio, source: Path, root: Path) -> None:
    put(source / "Fox" / "walk" / "1.png", png(1))
    [(email,)] = look(studio.database, "select email from identity.users")

    def told(*options: str, who: str = str(email)) -> str:
        done = CliRunner().invoke(
            cli,
            [
                *("import-folder", str(source), "--user", who),
                *("--project", "The hare", "--root", str(root), *options),
            ],
            env={"DATABASE_URL": studio.database.url},
        )
        return done.output

    assert "Nothing was changed." in told("--dry-run")
    said = told()
    assert "Fox / walk: 1 images, 1 new; 1 frames added" in said
    assert "1 images, 1 new; 1 frames in 1 new animations; 0 skipped." in said
    assert studio.mine.run(projects.find_by_title, title="The hare") is not None
    assert "0 new; 0 frames in 0 new animations" in told()
    assert "There is no user with the address" in told(who="nobody@example.org")
