"""What the tests of the migrations share: yoyo as a program and as a library, and dumps."""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlencode

import psycopg
from psycopg import sql

from renderstore import settings
from renderstore._paths import MIGRATIONS
from renderstore.migrations import YOYO_URL, names
from renderstore.server import SUPERUSER, Cluster
from renderstore.settings import Settings

CHECKOUT = MIGRATIONS.parents[1]
NAMES = names()
GROUP_ROLES = (
    "renderstore_admin",
    "renderstore_app",
    "renderstore_auth",
    "renderstore_owner",
    "renderstore_readonly",
    "renderstore_worker",
)


class _Migration(Protocol):
    id: str


class _Migrations(Protocol):
    def filter(self, keep: Callable[[_Migration], bool]) -> _Migrations: ...


class _Backend(AbstractContextManager["_Backend"], Protocol):
    def lock(self) -> AbstractContextManager[None]: ...
    def to_apply(self, migrations: _Migrations) -> _Migrations: ...
    def to_rollback(self, migrations: _Migrations) -> _Migrations: ...
    def apply_migrations(self, migrations: _Migrations) -> None: ...
    def rollback_migrations(self, migrations: _Migrations) -> None: ...
    def mark_migrations(self, migrations: _Migrations) -> None: ...


class _Library(Protocol):
    def get_backend(self, uri: str) -> _Backend: ...
    def read_migrations(self, folder: str) -> _Migrations: ...


# yoyo brings no types. As a library it saves half a second a call, of which there are many.
_library = cast(_Library, importlib.import_module("yoyo"))
# It asks every installed distribution for its backends, a tenth of a second each time.
_connections = importlib.import_module("yoyo.connections")
vars(_connections)["get_backend_class"] = functools.cache(
    vars(_connections)["get_backend_class"]
)
# And takes each file apart anew each time.
_sqlparse = importlib.import_module("sqlparse")
_split: Callable[[str], list[str]] = functools.cache(vars(_sqlparse)["split"])


def _own_split(text: str) -> list[str]:
    """A list of one's own: yoyo turns it round."""
    return list(_split(text))


vars(_sqlparse)["split"] = _own_split


def up(target: Settings, to: str, folder: Path = MIGRATIONS) -> None:
    """Apply everything up to this migration and nothing after it."""
    found = _library.read_migrations(str(folder)).filter(lambda one: one.id <= to)
    with _backend(target) as backend, backend.lock():
        backend.apply_migrations(backend.to_apply(found))


def down(target: Settings, to: str, folder: Path = MIGRATIONS) -> None:
    """Roll back this migration and everything after it."""
    found = _library.read_migrations(str(folder)).filter(lambda one: one.id >= to)
    with _backend(target) as backend, backend.lock():
        backend.rollback_migrations(backend.to_rollback(found))


def mark(target: Settings, name: str) -> None:
    """Record one migration as applied, whatever is true."""
    found = _library.read_migrations(str(MIGRATIONS)).filter(lambda one: one.id == name)
    with _backend(target) as backend, backend.lock():
        backend.mark_migrations(found)


def _backend(target: Settings) -> _Backend:
    parameters = urlencode({"schema": "public", **target.parameters})
    return _library.get_backend(f"postgresql+psycopg://?{parameters}")


def environment(target: Settings) -> dict[str, str]:
    """This process's variables, with libpq's set for one database."""
    kept = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    return kept | target.environment()


def yoyo_command(command: str, *arguments: str, folder: Path = MIGRATIONS) -> list[str]:
    """A command line of yoyo's that needs no checkout."""
    return [
        *(sys.executable, "-m", "yoyo", command, "--batch", "--no-config-file", "-vv"),
        *("--database", YOYO_URL, *arguments, str(folder)),
    ]


def yoyo(
    target: Settings, command: str, *arguments: str, folder: Path = MIGRATIONS
) -> subprocess.CompletedProcess[str]:
    """Run yoyo as a DBA does."""
    return call(yoyo_command(command, *arguments, folder=folder), environment(target))


def call(
    command: list[str], env: Mapping[str, str], cwd: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep what it says."""
    return subprocess.run(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A server whose roles no other test touches."""

    cluster: Cluster

    def target(self, user: str, dbname: str) -> Settings:
        """A login in a database."""
        return settings.parse(settings.write_url(self.cluster.conninfo(user, dbname)))

    def admin(self, dbname: str = "postgres") -> psycopg.Connection:
        """A superuser's connection."""
        conn = psycopg.connect(self.target(SUPERUSER, dbname).url, autocommit=True)
        # Whoever passed a test by this connection's rights would have proven nothing.
        assert conn.info.user == SUPERUSER
        return conn

    def migrating_login(self, name: str) -> str:
        """A login as docs/operations.md makes it: it may create roles."""
        with self.admin() as conn:
            conn.execute(
                sql.SQL("create role {} login createrole").format(sql.Identifier(name))
            )
        return name

    def database(self, name: str, owner: str) -> Settings:
        """A new database and its owner's way in."""
        with self.admin() as conn:
            conn.execute(
                sql.SQL("create database {} owner {} template template0").format(
                    sql.Identifier(name), sql.Identifier(owner)
                )
            )
        return self.target(owner, name)

    def roles(self) -> list[str]:
        """The group roles that exist."""
        with self.admin() as conn:
            rows = conn.execute(
                "select rolname from pg_roles where rolname like 'renderstore%' order by 1"
            ).fetchall()
        return [str(row[0]) for row in rows]

    def clean(self) -> None:
        """Remove every database and every role that a test made."""
        with self.admin() as conn:
            for (name,) in conn.execute(
                "select datname from pg_database where not datistemplate and datname <> 'postgres'"
            ).fetchall():
                conn.execute(
                    sql.SQL("drop database {} with (force)").format(
                        sql.Identifier(str(name))
                    )
                )
            made = conn.execute(
                "select oid::regrole::text from pg_roles where oid >= 16384 order by oid"
            ).fetchall()
            for (name,) in made:
                conn.execute(b"drop owned by " + str(name).encode())
            for (name,) in made:
                conn.execute(b"drop role " + str(name).encode())

    def dump(self, dbname: str) -> str:
        """All that a migration can leave behind: structure, rights, roles; no data."""
        env = os.environ | self.target(SUPERUSER, dbname).environment()
        said = [
            call([str(self.cluster.binaries / program), *options], env)
            for program, *options in (
                ("pg_dump", "--schema-only", "-T", "public.*yoyo*"),
                ("pg_dumpall", "--roles-only"),
            )
        ]
        assert not any(one.returncode for one in said), [one.stderr for one in said]
        with self.admin(dbname) as conn:
            rights = conn.execute(
                "select right_.grantor::regrole, right_.grantee::regrole, right_.privilege_type,"
                " right_.is_grantable"
                " from pg_database,"
                " aclexplode(coalesce(datacl, acldefault('d', datdba))) as right_"
                " where datname = current_database()"
                " order by 1, 2, 3"
            ).fetchall()
            rights += conn.execute(
                "select shobj_description(oid, 'pg_database'),"
                " array(select (setrole, setconfig)::text from pg_db_role_setting"
                " where setdatabase = oid order by 1)"
                " from pg_database where datname = current_database()"
            ).fetchall()
        lines = [line for one in said for line in one.stdout.splitlines()]
        # A random word, so that a dump cannot be made to run psql's commands.
        kept = [
            line
            for line in lines
            if not line.startswith(("\\restrict", "\\unrestrict"))
        ]
        return "\n".join([*kept, *(str(row) for row in rights)])
