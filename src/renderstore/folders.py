"""Brings a folder of images into a project: images become assets and frames, a folder an animation.

Needs Pillow: `pip install 'renderstore[images]'`. What an image is, its content says, never its suffix.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

from renderstore.errors import Error
from renderstore.janitor import place
from renderstore.store import SyncScope
from renderstore.studio import (
    AssetKind,
    animations,
    assets,
    characters,
    frames,
    projects,
)

__all__ = ["Imported", "NoImage", "can_look", "import_folder", "look_at"]

MOST_BYTES = 256 << 20
MOST_PIXELS = 1 << 26
"""A file that says more, or whose frames together do, is refused before it is unpacked."""

_TYPES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
_NUMBER = re.compile(r"(\d+)$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class NoImage(Error):  # noqa: N818  (named after the rule broken)
    """A file is no image that may be kept."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a file holds, once it was looked at."""

    content: bytes
    suffix: str
    width: int
    height: int

    @property
    def media_type(self) -> str:
        return f"image/{'jpeg' if self.suffix == 'jpg' else self.suffix}"

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


@dataclass(slots=True)
class Imported:
    """What came of a folder."""

    files: int = 0
    assets: int = 0
    frames: int = 0
    animations: int = 0
    skipped: list[str] = field(default_factory=list[str])


def can_look() -> bool:
    """Whether Pillow is there."""
    return find_spec("PIL") is not None


def look_at(content: bytes) -> Image:
    """What an image's bytes hold; refuses what is no image, is cut off, or unpacks to too much."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    if len(content) > MOST_BYTES:
        raise NoImage(f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Pillow.open(io.BytesIO(content), formats=tuple(_TYPES)) as opened:
                width, height = opened.size
                pixels = width * height * int(getattr(opened, "n_frames", 1))
                if pixels > MOST_PIXELS:
                    raise NoImage(f"it would unpack to {pixels} pixels")
                suffix = _TYPES[str(opened.format)]
                # Only who unpacks all of it sees that some is missing.
                opened.load()
    except UnidentifiedImageError as error:
        raise NoImage("it is no image (PNG, JPEG, WebP or GIF)") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise NoImage("it would unpack to more than an image has") from error
    except NoImage:
        raise
    except Exception as error:
        raise NoImage(f"it is broken ({type(error).__name__}: {error})") from error
    return Image(content, suffix, width, height)


def import_folder(
    scope: SyncScope,
    folder: Path,
    *,
    title: str,
    root: Path,
    dry: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Imported:
    """Bring the images below a folder into the project of this title, which is made where there is none.

    A second time nothing changes: a file is known by its hash, and a frame by the asset that shows it.
    """
    top = folder.resolve(strict=True)
    done = Imported()
    user_id = _user(scope)
    project_id = _project(scope, title, dry=dry)
    for path, names in _folders(top, done, tell):
        wanted: list[UUID | bytes] = []
        new = done.assets
        for name in names:
            shown = _shown(path / name, top)
            try:
                image = look_at(_read(path / name))
            except (NoImage, OSError) as error:
                _skip(done, tell, shown, str(error))
                continue
            done.files += 1
            wanted.append(
                _asset(scope, user_id, project_id, image, name, root, done, dry=dry)
            )
        if wanted:
            who, what = _place(path.relative_to(top), top.name)
            added = _animate(scope, project_id, who, what, wanted, done, dry=dry)
            tell(
                f"{who} / {what}: {len(wanted)} images, {done.assets - new} new;"
                f" {added} frames added"
            )
    return done


def _read(path: Path) -> bytes:
    """A plain file's bytes: nothing that a link, a pipe or a device would give."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NoImage("it is no file")
        return file.read(MOST_BYTES + 1)


def _folders(
    top: Path, done: Imported, tell: Callable[[str], None]
) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with its files in the order of their numbers; links are not followed."""
    for where, folders, names in os.walk(top):
        path = Path(where)
        kept: list[str] = []
        for name in sorted([*folders, *names]):
            if (path / name).is_symlink():
                _skip(done, tell, _shown(path / name, top), "it is a link")
            elif _CONTROL.search(name) or not _is_text(name) or len(name) > 200:
                _skip(done, tell, _shown(path / name, top), "its name cannot be kept")
            else:
                kept.append(name)
        folders[:] = [name for name in kept if name in set(folders)]
        yield path, sorted((n for n in kept if n in set(names)), key=_order)


def _order(name: str) -> tuple[bool, int, str]:
    """`name_012.png` is the twelfth; what has no number comes last."""
    found = _NUMBER.search(Path(name).stem)
    return (found is None, int(found[1][:18]) if found else 0, name)


def _place(relative: Path, name: str) -> tuple[str, str]:
    """Whose animation a folder is, and how it is called."""
    parts = relative.parts
    if len(parts) > 1:
        return parts[0], "/".join(parts[1:])[:200]
    return name[:200] or "Imported", parts[0] if parts else name[:200] or "Imported"


def _asset(
    scope: SyncScope,
    user_id: UUID,
    project_id: UUID | None,
    image: Image,
    name: str,
    root: Path,
    done: Imported,
    *,
    dry: bool,
) -> UUID | bytes:
    """The asset with these bytes, made where there is none; its hash in a dry run."""
    known = scope.run(assets.find_by_sha256, sha256=image.sha256)
    if known:
        return known[0].id
    done.assets += 1
    if dry:
        return image.sha256
    begun = scope.run(
        assets.begin,
        kind=AssetKind.IMAGE,
        size_bytes=len(image.content),
        suffix=image.suffix,
        project_id=project_id,
        name=name,
        media_type=image.media_type,
    )
    try:
        _write(root, begun.uri, image.content)
        scope.run(
            assets.keep,
            id=begun.id,
            size_bytes=len(image.content),
            sha256=image.sha256,
            width=image.width,
            height=image.height,
        )
    except BaseException:
        # Whatever came of its file goes with the janitor.
        scope.run(assets.abandon, id=begun.id)
        raise
    return begun.id


def _write(root: Path, uri: str, content: bytes) -> None:
    """The file is whole or it is not there."""
    (root / uri).parent.mkdir(parents=True, exist_ok=True)
    path = place(root.resolve(strict=True), uri)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        try:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


def _animate(
    scope: SyncScope,
    project_id: UUID | None,
    who: str,
    what: str,
    wanted: list[UUID | bytes],
    done: Imported,
    *,
    dry: bool,
) -> int:
    """Put the frames that are not there yet where they belong; how many."""
    with scope as conn:
        character_id = animation_id = None
        if project_id is not None:
            found = characters.find_by_name(conn, project_id=project_id, name=who)
            character_id = found.id if found else None
        if character_id is not None:
            there = animations.find_by_name(conn, character_id=character_id, name=what)
            animation_id = there.id if there else None
        shown: Counter[UUID | bytes | None] = Counter()
        after: int | None = None
        while animation_id is not None:
            page = frames.list(
                conn, animation_id=animation_id, after_position=after, page_size=1000
            )
            if not page:
                break
            after = page[-1].position
            shown.update(one.asset_id for one in page)
        missing: list[tuple[int, UUID | bytes]] = []
        for place_, each in enumerate(wanted, 1):
            if shown[each] > 0:
                shown[each] -= 1
            else:
                missing.append((place_, each))
        done.frames += len(missing)
        done.animations += animation_id is None
        if dry or not missing or project_id is None:
            return len(missing)
        if character_id is None:
            character_id = characters.create(conn, project_id=project_id, name=who).id
        if animation_id is None:
            animation_id = animations.create(
                conn, character_id=character_id, name=what
            ).id
        for place_, many in _runs(missing):
            frames.add_many(
                conn,
                animation_id=animation_id,
                asset_ids=many,
                at_position=place_,
            )
    return len(missing)


def _runs(missing: list[tuple[int, UUID | bytes]]) -> Iterator[tuple[int, list[UUID]]]:
    """What stands side by side is added in one call."""
    first, many = 0, list[UUID]()
    for place_, each in missing:
        assert isinstance(each, UUID)
        if (many and place_ != first + len(many)) or len(many) == 1000:
            yield first, many
            many = []
        if not many:
            first = place_
        many.append(each)
    if many:
        yield first, many


def _project(scope: SyncScope, title: str, *, dry: bool) -> UUID | None:
    found = scope.run(projects.find_by_title, title=title)
    if found:
        return found.id
    return None if dry else scope.run(projects.create, title=title).id


def _user(scope: SyncScope) -> UUID:
    with scope as conn:
        row = conn.execute("select identity.current_user_id()").fetchone()
    assert row is not None
    user_id: UUID = row[0]
    return user_id


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path, top: Path) -> str:
    """A path as one line, whatever stands in its name."""
    return ascii(path.relative_to(top).as_posix())[1:-1]


def _skip(done: Imported, tell: Callable[[str], None], name: str, reason: str) -> None:
    line = f"{name}: {_CONTROL.sub(' ', reason)}; skipped"
    done.skipped.append(line)
    tell(line)
