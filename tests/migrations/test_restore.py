"""The commands of docs/operations.md, "Back up", give a copy with every row and every wall."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from tests import factories

from renderstore import settings
from renderstore.server import ServerError, embedded_binaries
from renderstore.testing import Database

from .support import CHECKOUT

PAGE = CHECKOUT / "docs" / "operations.md"


def typed() -> tuple[str, str]:
    """What the page says to put into count.sql, and what it says to type."""
    part = PAGE.read_text().partition("## Back up\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(sql|sh)\n(.*?)```", part, re.S)
    [question] = [text for kind, text in blocks if kind == "sql"]
    [commands] = [
        text for kind, text in blocks if "pg_restore" in text and kind == "sh"
    ]
    return question, commands


def test_a_restored_copy_holds_every_row_and_is_closed(
    database: Database, tmp_path: Path
) -> None:
    factories.users.make(database)
    target = settings.parse(database.admin_url)
    with psycopg.connect(target.url, autocommit=True) as conn:
        try:
            programs = embedded_binaries(conn.info.server_version // 10000)
        except ServerError as error:
            pytest.skip(f"pg_restore writes for its own version: {error}")
    question, commands = typed()
    copy = f"{database.name}_copy"
    (tmp_path / "count.sql").write_text(question)
    try:
        done = subprocess.run(
            ["sh", "-ec", commands.replace("farm_copy", copy)],
            env={
                **os.environ,
                **target.environment(),
                "PATH": f"{programs}:{os.environ['PATH']}",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "every row is there" in done.stdout, done.stdout
        restored = settings.write_url(target.conninfo | {"dbname": copy})
        with psycopg.connect(restored) as conn:
            opened = conn.execute(
                "select privilege from unnest(array['temporary', 'create']) as privilege"
                " where has_database_privilege('public', current_database(), privilege)"
            ).fetchall()
        assert opened == [], f"open {PAGE}"
    finally:
        with psycopg.connect(target.url, autocommit=True) as conn:
            conn.execute(f'drop database if exists "{copy}"'.encode())
