"""The environment, and the files that stand in for it where it does not say where the database is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from renderstore.errors import Misconfigured

EnvFile = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
"""One file that must be there, several of which the first that names a database counts, or none."""

ENV_FILES = (".env.local", ".env")
_OURS = (
    "DATABASE_URL",
    "DIRECT_URL",
    "FARM_DIRECT_URLS",
    "FARM_READ_URLS",
    "FARM_URLS",
    "READ_URL",
    "RENDERSTORE_MAX_LAG",
    "RENDERSTORE_POOL",
)

_read: dict[Path, tuple[tuple[int, int], dict[str, str]]] = {}


def find_environment(
    environ: Mapping[str, str],
    env_file: EnvFile = ENV_FILES,
    folder: Path | None = None,
) -> tuple[Mapping[str, str], str]:
    """The environment, completed by a file where it names no database; or why none is named.

    By one file, never by several: what migrates must not stand elsewhere than what works.
    """
    if environ.get("DATABASE_URL", "").strip():
        return environ, ""
    if env_file is None:
        return environ, "in the environment"
    folder = Path.cwd() if folder is None else folder
    if isinstance(env_file, str | os.PathLike):
        paths = [folder / env_file]
        if not paths[0].is_file():
            raise Misconfigured(
                f"There is no file {paths[0]} to read DATABASE_URL from."
            )
    else:
        paths = [folder / name for name in env_file]
    there = [path for path in paths if path.is_file()]
    for path in there:
        values = _values(path)
        if values.get("DATABASE_URL", "").strip():
            given = {name: value for name, value in environ.items() if value.strip()}
            return {**values, **given}, ""
    if there:
        return environ, f"in the environment, nor in {' nor in '.join(map(str, there))}"
    names = " or ".join(path.name for path in paths)
    return environ, f"in the environment, and {folder} has no {names}"


def _values(path: Path) -> dict[str, str]:
    """A file's variables, read again when it changed: `shared.store()` asks for each request."""
    try:
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_size)
        if (known := _read.get(path)) is not None and known[0] == stamp:
            return known[1]
        # Only who has such a file pays for loading its reader.
        from dotenv import dotenv_values

        read = {
            name: value
            for name, value in dotenv_values(path).items()
            # What libpq reads of the environment, it would not see here.
            if value is not None and name.startswith(_OURS)
        }
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Misconfigured(f"{path} cannot be read: {reason}.") from None
    _read[path] = (stamp, read)
    return read
