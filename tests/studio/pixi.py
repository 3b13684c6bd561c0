"""PixiJS' own spritesheet parser, fetched from npm and asked in Node."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

HERE = Path(__file__).parent


def parsed(data: object) -> dict[str, Any]:
    """What the parser makes of a spritesheet: a texture's place and size by its name."""
    with tempfile.TemporaryDirectory() as made:
        # Node looks for packages beside the script, and the checkout has none.
        shutil.copy(HERE / "parse.mjs", made)
        (Path(made) / "node_modules").symlink_to(_packages())
        done = subprocess.run(
            ["node", "parse.mjs"],
            cwd=made,
            input=json.dumps(data),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _packages() -> Path:
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        _unavailable(f"{' and '.join(missing)} not found")
    wanted = (HERE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "renderstore" / f"pixi-{hashlib.sha256(wanted).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "pixi.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(wanted, folder)
    return folder / "node_modules"


def _install(wanted: bytes, folder: Path) -> None:
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
            _unavailable(f"npm could not fetch the packages:\n{done.stderr}")
        # Renamed when complete: whoever finds the folder finds all of it.
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(made, part, symlinks=True)
        part.rename(folder)


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"PixiJS must be asked in CI: {reason}", pytrace=False)
    pytest.skip(f"PixiJS' parser: {reason}")
