"""Whether a restored database holds every row and has every wall of the original."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg
from psycopg import sql

from renderstore._strangers import listed
from renderstore.backup import _catalog
from renderstore.backup._catalog import Conn
from renderstore.backup._manifest import BackupFailed, Manifest
from renderstore.backup._run import Watcher
from renderstore.schema import AREAS, open_to_all

APP = "renderstore_app"
_OPEN = {
    "temporary": "temporary on database {}",
    "create": "create on database {}",
    "public_create": "create on schema public",
}


class Unproven(BackupFailed):
    """The rows are there, but somebody may see or do more than before; only its owner may enter the database."""


def prove(conn: Conn, manifest: Manifest, watcher: Watcher) -> None:
    """Compare rows and walls with the backup's, and try the walls."""
    _refuse_other_rows(conn, manifest, watcher)
    faults = [*_other_walls(conn, manifest), *_open(conn), *_seen(conn)]
    if faults:
        raise Unproven(
            f"The rows are restored, but the walls of {conn.info.dbname} do not stand: {listed(faults)}."
            " The database stays closed to every login but its owner; `grant connect on database"
            f" {sql.Identifier(conn.info.dbname).as_string(conn)} to public` opens it."
        )


def _refuse_other_rows(conn: Conn, manifest: Manifest, watcher: Watcher) -> None:
    found = _catalog.tables(conn, manifest.without)
    _catalog.refuse_hidden_rows(conn, found)
    counted = _catalog.count(conn, found, watcher.advance)
    wrong = [
        f"{path} has {counted.get(path, 'no table')} and not {rows}"
        for path, rows in manifest.tables.items()
        if counted.get(path) != rows
    ]
    if wrong:
        raise BackupFailed(
            f"What was restored does not hold the backup's rows: {listed(wrong)}."
        )


def _other_walls(conn: Conn, manifest: Manifest) -> Iterable[str]:
    here = _catalog.walls(conn)
    is_same_version = conn.info.server_version // 10000 == manifest.major
    before = {_comparable(wall, is_same_version) for wall in manifest.walls}
    after = {_comparable(wall, is_same_version) for wall in here}
    for wall in sorted(before - after):
        yield f"missing: {' '.join(wall).strip()}"
    for wall in sorted(after - before):
        yield f"not in the backup: {' '.join(wall).strip()}"


def _comparable(
    wall: tuple[str, str, str, str], is_same_version: bool
) -> tuple[str, ...]:
    """What of a wall a dump keeps word for word: conditions lose and win parentheses on their way."""
    kind, name, state, words = wall
    # Another version writes the same condition in other words.
    return kind, name, state, re.sub(r"[()\s]", "", words) if is_same_version else ""


def _open(conn: Conn) -> Iterable[str]:
    found = open_to_all(conn)
    for right, words in _OPEN.items():
        if right in found:
            yield f"everybody has {words.format(conn.info.dbname)}"
    for role in _catalog.mighty_roles(conn):
        yield f"{role} has a power that no group role has"


def _seen(conn: Conn) -> Iterable[str]:
    """The tables with policies of which an application without a user sees a row."""
    walled = conn.execute(
        "select format('%%I.%%I', nspname, relname)"
        " from pg_catalog.pg_class"
        " join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace"
        " where relrowsecurity and nspname = any (%s)"
        " and has_any_column_privilege(%s, pg_class.oid, 'select')"
        " order by 1",
        [list(AREAS), APP],
    ).fetchall()
    with conn.transaction(force_rollback=True):
        _enter(conn)
        for (path,) in walled:
            row = conn.execute(
                f"select exists (select from {path})".encode()
            ).fetchone()
            if row == (True,):
                yield f"{APP} without a user sees rows of {path}"


def _enter(conn: Conn) -> None:
    """Act as the application. Whoever made its role may grant it, and takes that back with the transaction."""
    version = conn.info.server_version
    word = "set" if version >= 160000 else "member"
    may = conn.execute("select pg_has_role(%s, %s)", [APP, word]).fetchone()
    role = sql.Identifier(APP)
    if may != (True,):
        statement = sql.SQL("grant {} to current_user").format(role)
        if version >= 160000:
            statement += sql.SQL(" with inherit false, set true")
        try:
            conn.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            raise Unproven(
                f"{conn.info.user} may not act as {APP}, so nobody tried the walls of {conn.info.dbname}."
                f" Whoever made the roles types: grant {APP} to"
                f" {sql.Identifier(conn.info.user).as_string(conn)} with admin option;"
            ) from error
    conn.execute(sql.SQL("set local role {}").format(role))
