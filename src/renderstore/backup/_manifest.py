"""What stands beside a dump in its folder: what it must hold, counted in its own snapshot."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from renderstore.errors import Error

NAME = "renderstore.json"
TOC = "toc.dat"
FORMAT = 1
# The one among a database's statements that a restoration obeys by itself.
SHUT = "revoke connect on database %I from public;"
_CHUNK = 1 << 20
# How pg_dump ends the rows of a table.
_END = b"\\.\n\n\n"


class BackupFailed(Error):  # noqa: N818
    """A backup could not be taken or restored; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a new database must be made with, and what a dump does not hold of the old one."""

    encoding: str
    provider: str
    collate: str
    ctype: str
    locale: str | None
    statements: Sequence[str]
    """Rights and settings of the database itself, as a DBA types them; %I stands for its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A backup's contents."""

    format: int
    database: str
    login: str
    taken_at: str
    snapshot: str
    server: str
    major: int
    program_major: int
    place: Place
    migrations: Sequence[str]
    tables: Mapping[str, int]
    """The rows of each table in the dump's snapshot."""
    walls: Sequence[tuple[str, str, str, str]]
    roles: Sequence[str]
    without: Sequence[str]
    files: Mapping[str, str]
    """The SHA-256 of each file."""

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.tables.values())


def write(folder: Path, manifest: Manifest) -> None:
    """Write it, and see to it that a power cut leaves none or all of it."""
    with (folder / NAME).open("x", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    sync(folder)


def sync(folder: Path) -> None:
    """What the folder lists is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: Path) -> Manifest:
    """A backup's manifest, or a sentence on why this is no backup."""
    if not folder.exists():
        raise BackupFailed(f"There is no {folder}.")
    path = folder / NAME
    if not path.is_file():
        raise BackupFailed(
            f"{folder} is no backup of `renderstore backup`: it holds no {NAME}."
            " One that was stopped half way has none."
        )
    try:
        found = cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
        if found["format"] != FORMAT:
            raise BackupFailed(
                f"{folder} was written by another version of renderstore (format {found['format']});"
                f" this one reads format {FORMAT}."
            )
        place = Place(**found.pop("place"))
        walls = [tuple(wall) for wall in found.pop("walls")]
        return Manifest(place=place, walls=walls, **found)
    except (ValueError, TypeError, KeyError) as error:
        raise BackupFailed(f"{path} cannot be read: {error!r}.") from error


@dataclass(frozen=True, slots=True)
class Content:
    """What a file of a dump holds."""

    digest: str
    rows: int | None
    """How many rows; None where its rows do not end as pg_dump ends them."""


def contents(folder: Path, jobs: int) -> dict[str, Content]:
    """Each file of a dump, read from end to end."""
    names = sorted(path.name for path in folder.iterdir() if path.name != NAME)
    # Hashing and inflating let other threads run.
    with ThreadPoolExecutor(jobs) as pool:
        found = pool.map(_content, [folder / name for name in names])
        return dict(zip(names, found, strict=True))


def _content(path: Path) -> Content:
    digest = hashlib.sha256()
    inflate = zlib.decompressobj(wbits=31) if path.suffix == ".gz" else None
    lines, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            try:
                text = inflate.decompress(chunk) if inflate else chunk
            except zlib.error:
                return Content(digest.hexdigest(), None)
            lines += text.count(b"\n")
            tail = (tail + text[-len(_END) :])[-len(_END) :]
    whole = tail == _END and (inflate is None or inflate.eof)
    return Content(digest.hexdigest(), lines - 3 if whole else None)


def verify(folder: Path, manifest: Manifest, jobs: int) -> None:
    """Refuse a folder whose files are not those that the backup wrote."""
    there = {name: each.digest for name, each in contents(folder, jobs).items()}
    gone = sorted(manifest.files.keys() - there.keys())
    if gone:
        raise BackupFailed(f"{folder} lacks {_some(gone)}: the backup is not whole.")
    changed = sorted(
        name for name, digest in manifest.files.items() if there[name] != digest
    )
    if changed:
        raise BackupFailed(
            f"{_some(changed)} in {folder} is not what the backup wrote: its SHA-256 differs."
        )


def _some(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first} and {len(rest)} more" if rest else first
