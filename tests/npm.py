"""Packages from npm for the tests that need them: pinned in a package.json, fetched once for this machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest


def packages(wanted: Path, name: str) -> Path:
    """The folder `node_modules` with what this package.json pins; `name` says for what."""
    if missing := [tool for tool in ("node", "npm") if shutil.which(tool) is None]:
        unavailable(name, f"{' and '.join(missing)} not found")
    text = wanted.read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "renderstore" / f"{name}-{hashlib.sha256(text).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(text, folder, name)
    return folder / "node_modules"


def _install(wanted: bytes, folder: Path, name: str) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        (Path(made) / "package.json").write_bytes(wanted)
        done = subprocess.run(
            [
                *("npm", "install", "--no-package-lock", "--no-audit", "--no-fund"),
                *("--ignore-scripts", "--loglevel=error"),
            ],
            cwd=made,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            first_line = done.stderr.partition("\n")[0]
            unavailable(name, f"npm could not fetch the packages ({first_line})")
        # Renamed when complete: whoever finds the folder finds all of it.
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(made, part, symlinks=True)
        part.rename(folder)


def unavailable(name: str, reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} must be tested in CI: {reason}", pytrace=False)
    pytest.skip(f"{name}: {reason}")
