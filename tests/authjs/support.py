"""What the tests of authjs share: the adapter from npm, and a login as `just login authjs` makes it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

from renderstore import settings
from renderstore.cli import logins
from renderstore.testing import Database, Server

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "authjs.md"
SCRIPTS = sorted(HERE.glob("*.mjs"))


def sentences() -> list[str]:
    """What the scripts say that they prove."""
    return [
        sentence
        for script in SCRIPTS
        for sentence in re.findall(
            r'^test\("(.+?)",', script.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]


def documented_files() -> dict[str, str]:
    """The files that docs/authjs.md shows, by the name in their first line."""
    blocks = re.findall(
        r"^```js\n(// (\S+)\n.*?)^```$",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return {name: text for text, name in blocks}


def outcomes(folder: Path, urls: Mapping[str, str]) -> dict[str, str | None]:
    """Run every script in this folder: for each sentence nothing, or what went wrong."""
    packages = node_packages()
    for script in SCRIPTS:
        shutil.copy(script, folder)
    for name, text in documented_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "node_modules").symlink_to(packages)
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    done = subprocess.run(
        ["node", "run.mjs"],
        cwd=folder,
        env=kept | dict(urls),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, str | None] = json.loads(done.stdout)
    return said


def node_packages() -> Path:
    """The packages that package.json pins, fetched once for this machine."""
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        _unavailable(f"{' and '.join(missing)} not found")
    wanted = (HERE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "renderstore" / f"authjs-{hashlib.sha256(wanted).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "authjs.lock").open("w") as lock:
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
            first_line = done.stderr.partition("\n")[0]
            _unavailable(f"npm could not fetch the packages ({first_line})")
        # Moved when complete: whoever finds the folder finds all of it.
        shutil.copytree(made, folder.with_suffix(".part"), symlinks=True)
        folder.with_suffix(".part").rename(folder)


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"Auth.js's adapter must be tested in CI: {reason}", pytrace=False)
    pytest.skip(f"Auth.js's adapter: {reason}")


@contextlib.contextmanager
def authjs_login(server: Server, database: Database) -> Generator[str]:
    """The address of a login made by the very statements that `just login authjs` runs."""
    name = f"{server.worker}_authjs_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(18)
    with psycopg.connect(database.owner_url) as conn:
        for line in logins.statements(conn.info.server_version, "authjs", name):
            conn.execute(line)
        conn.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(name), password)
        )
    parameters = settings.parse(database.owner_url).conninfo
    try:
        yield settings.write_url(parameters | {"user": name, "password": password})
    finally:
        with server.admin() as conn:
            conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
