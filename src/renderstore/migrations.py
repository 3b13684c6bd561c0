"""The migrations, run by the real yoyo: the same program, folder and options that a DBA uses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from renderstore._hints import hint
from renderstore._paths import MIGRATIONS
from renderstore.settings import Settings

# No server is named here: it comes in PG* variables, so no password shows in a process list.
YOYO_URL = "postgresql+psycopg://?schema=public"

SCOPE_ROLES = (
    "renderstore_app",
    "renderstore_auth",
    "renderstore_worker",
    "renderstore_admin",
    "renderstore_readonly",
)


class MigrationFailed(Exception):  # noqa: N818
    """yoyo failed; the text is what it said."""


def names(folder: Path = MIGRATIONS) -> list[str]:
    """All migrations in their order."""
    return sorted(
        path.name.removesuffix(".sql")
        for path in folder.glob("[0-9]*.sql")
        if not path.name.endswith(".rollback.sql")
    )


def applied(target: Settings) -> list[str]:
    """The migrations that this database says it has."""
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        return recorded(conn)


def recorded(conn: psycopg.Connection[object]) -> list[str]:
    """The same on a connection that is there."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("select to_regclass('public._yoyo_migration')")
        if cursor.fetchone() == (None,):
            return []
        cursor.execute(
            "select migration_id from public._yoyo_migration order by migration_id"
        )
        return [str(row[0]) for row in cursor]


def pending(target: Settings, folder: Path = MIGRATIONS) -> list[str]:
    """The migrations that this database still lacks."""
    have = set(applied(target))
    return [name for name in names(folder) if name not in have]


def apply(target: Settings, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo apply`."""
    return _yoyo(target, "apply", folder)


def apply_up_to(target: Settings, name: str, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo apply` up to this migration, itself included."""
    return _yoyo(target, "apply", folder, "-r", name)


def roll_back(target: Settings, to: str, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo rollback`: undo this migration and every one after it."""
    return _yoyo(target, "rollback", folder, "-r", to)


def mark(target: Settings, name: str, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo mark`: record this migration, and every one before it, as applied."""
    return _yoyo(target, "mark", folder, "-r", name)


def unmark(target: Settings, name: str, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo unmark`: record this migration, and every one after it, as undone."""
    return _yoyo(target, "unmark", folder, "-r", name)


def show(target: Settings, folder: Path = MIGRATIONS) -> str:
    """Run `yoyo list`."""
    return _yoyo(target, "list", folder, verbose=False)


def _yoyo(
    target: Settings, command: str, folder: Path, *arguments: str, verbose: bool = True
) -> str:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "yoyo", command, "--batch", "--no-config-file"),
            *(["-vv"] if verbose else []),
            *("--database", YOYO_URL, *arguments, str(folder)),
        ],
        # libpq's own settings apply beneath the URL's, as they do to every other connection.
        env={**os.environ, **target.environment()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MigrationFailed(_explain(done.stderr))
    return done.stdout + done.stderr


def _explain(stderr: str) -> str:
    """The migration that failed and PostgreSQL's words, without yoyo's traceback."""
    at = re.findall(r"INFO:yoyo.migrations:(Applying|Rolling back) (\S+)", stderr)
    # An error's line names its class; the lines DETAIL, HINT and CONTEXT follow it.
    error = re.compile(r"(?:\w+\.)+\w+: |\w*(?:Error|Exception): ")
    said = [line for line in stderr.strip().splitlines() if error.match(line)]
    where = f"{at[-1][0]} {at[-1][1]} failed. " if at else ""
    if "yoyo.exceptions.LockTimeout" in stderr:
        return (
            "Somebody else migrates this database, or was killed while migrating it:"
            f" {hint('unlock')} says who, and removes what a dead one left."
        )
    lines = stderr.strip().splitlines()
    reason = lines[lines.index(said[-1]) :] if said else lines[-5:]
    return where + "\n".join(reason)


def let_enter(target: Settings, login: str) -> None:
    """Grant a login every scope's role, without inheriting from any."""
    with psycopg.connect(target.url, autocommit=True) as conn:
        for role in SCOPE_ROLES:
            conn.execute(grant(conn.info.server_version, role, login))


def grant(server_version: int, role: str, login: str) -> sql.Composed:
    """The statement that lets a login enter a role's scope; it inherits nothing."""
    statement = sql.SQL("grant {} to {}").format(
        sql.Identifier(role), sql.Identifier(login)
    )
    if server_version >= 160000:  # before, the login itself says noinherit
        statement += sql.SQL(" with inherit false, set true")
    return statement
