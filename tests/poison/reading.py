"""What psycopg and node-postgres make of the same rows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from tests import factories
from tests.authjs.support import node_packages

from renderstore.testing import Database

JSONB = 3802


def plain(value: Any, type_code: int) -> Any:
    """A cell as read_back.mjs writes it."""
    match value:
        case None | bool() | str():
            return value if type_code != JSONB or value is None else "json"
        case _ if type_code == JSONB:
            return "json"
        case datetime():
            return value.astimezone(UTC).isoformat()[:19]
        case bytes():
            return value.hex()
        case list():
            return [plain(each, 0) for each in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case date():
            return f"{value}T00:00:00"
        case float():
            return "float"
        case _:
            return str(value)


def read(conn: psycopg.Connection[Any], query: str) -> list[list[Any]]:
    """What psycopg makes of a query's rows."""
    cursor = conn.execute(query.encode())
    types = [column.type_code for column in cursor.description or []]
    return [
        [plain(cell, kind) for cell, kind in zip(row, types, strict=True)]
        for row in cursor
    ]


def read_by_node(
    database: Database, user: UUID, queries: list[str], folder: Path
) -> list[list[list[Any]]]:
    """What node-postgres makes of them."""
    shutil.copy(Path(__file__).with_name("read_back.mjs"), folder)
    (folder / "node_modules").symlink_to(node_packages())
    asked = {"url": database.url, "user": str(user), "queries": queries}
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    done = subprocess.run(
        ["node", "read_back.mjs"],
        cwd=folder,
        env=kept | {"TZ": "UTC"},
        input=json.dumps(asked),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[list[Any]]] = json.loads(done.stdout)
    return found


def read_alike(
    database: Database, user: UUID, relations: list[str], folder: Path
) -> dict[str, list[list[Any]]]:
    """What lies in each of these for a tenant, which both clients read alike."""
    queries = [f"select * from {name} as t order by md5(t::text)" for name in relations]
    with factories.acting(database, "app", user) as conn:
        ours = [read(conn, query) for query in queries]
    theirs = read_by_node(database, user, queries, folder)
    found = dict(zip(relations, ours, strict=True))
    assert found == dict(zip(relations, theirs, strict=True))
    return found
