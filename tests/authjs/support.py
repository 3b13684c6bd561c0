"""What the tests of authjs share: the adapter from npm, and a login as `just login authjs` makes it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql
from tests import npm

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
    return npm.packages(HERE / "package.json", "authjs")


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
