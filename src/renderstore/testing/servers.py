"""A server for a test run: a container, the embedded wheel, binaries, or a given one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore.errors import Error
from renderstore.server import (
    Cluster,
    ServerError,
    disposable,
    embedded_binaries,
    major_version,
)
from renderstore.testing.containers import container, docker_answers

VARIABLE = "RENDERSTORE_TEST_SERVER"

_WAYS = (
    f"Start Docker, or pip install 'renderstore[embedded]', or set {VARIABLE} to container,"
    " embedded, the URL of a server whose login may create roles and databases, or a folder of"
    " PostgreSQL's binaries."
)

Filler = Callable[[psycopg.Connection, int], None]
"""Puts that many rows into a room's large tables, as the migrating login."""

# The first half of the advisory locks that this module takes.
_LIVES = 0x72656E64
_FILLS = 0x72656E65


@dataclass(frozen=True, slots=True)
class Database:
    """One disposable database and the logins that may use it."""

    name: str
    url: str
    """The working login: it may enter every scope and inherits nothing."""
    owner_url: str
    """The migrating login: owns the database, may create roles, is no superuser."""
    admin_url: str
    """Whoever made the database: for what only a DBA can do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with the two logins of a test run."""

    admin_url: str
    run: str
    password: str
    kind: str

    @property
    def migrator(self) -> str:
        """The migrating login's name."""
        return f"renderstore_test_{self.run}_migrator"

    @property
    def worker(self) -> str:
        """The working login's name."""
        return f"renderstore_test_{self.run}"

    @property
    def template(self) -> str:
        """The migrated database that tests clone."""
        return f"renderstore_test_{self.run}_template"

    def to_json(self) -> str:
        """For another process of the same run."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Server:
        """What another process of the same run has started."""
        return Server(**json.loads(text))

    def database(self, name: str) -> Database:
        """The addresses of a database on this server."""
        return Database(
            name=name,
            url=self.url(name, self.worker),
            owner_url=self.url(name, self.migrator),
            admin_url=self.url(name),
        )

    def url(self, dbname: str, user: str | None = None) -> str:
        """An address: the admin's, or that of one of the run's logins."""
        parameters = settings.parse(self.admin_url).conninfo | {"dbname": dbname}
        if user is not None:
            parameters |= {"user": user, "password": self.password}
        return settings.write_url(parameters)

    def admin(self) -> psycopg.Connection:
        """A connection of the server's administrator."""
        return psycopg.connect(settings.parse(self.admin_url).url, autocommit=True)

    def create(self, template: str | None = None) -> Database:
        """A new database: empty, or a clone."""
        name = f"{self.worker}_{secrets.token_hex(5)}"
        with self.admin() as conn:
            _create(conn, name, owner=self.migrator, template=template)
            if template is not None:
                # A database's own rights are not cloned with it.
                conn.execute(
                    sql.SQL("revoke temporary on database {} from public").format(
                        sql.Identifier(name)
                    )
                )
        return self.database(name)

    def clone(self) -> Database:
        """A new database with every migration applied."""
        return self.create(self.template)

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is connected."""
        with self.admin() as conn:
            conn.execute(
                sql.SQL("drop database if exists {} with (force)").format(
                    sql.Identifier(database.name)
                )
            )

    def large(self, fillers: Sequence[Filler], rows: int) -> Database:
        """The database that these fillers filled, once a run whichever process asks first."""
        made = self.database(f"{self.worker}_large")
        with self.admin() as conn:
            conn.execute("select pg_advisory_lock(%s, %s)", [_FILLS, _number(self.run)])
            if not _is_filled(conn, made.name):
                self.drop(made)
                _create(conn, made.name, owner=self.migrator, template=self.template)
                _fill(made, fillers, rows)
                conn.execute(
                    sql.SQL("comment on database {} is 'filled'").format(
                        sql.Identifier(made.name)
                    )
                )
        return made


@contextlib.contextmanager
def running_server(
    spec: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Generator[Server]:
    """A server as RENDERSTORE_TEST_SERVER names it, with a migrated template."""
    spec = spec or os.environ.get(VARIABLE, "")
    with contextlib.ExitStack() as stack:
        try:
            kind, admin_url = stack.enter_context(_admin_url(spec, say))
            server = Server(
                admin_url=admin_url,
                run=secrets.token_hex(4),
                password=secrets.token_urlsafe(18),
                kind=kind,
            )
            stack.enter_context(_logins(server))
            _make_template(server)
        except (psycopg.Error, Error, migrations.MigrationFailed) as error:
            reason = " ".join(str(error).split())
            raise ServerError(
                "The server for the tests"
                + (f", which {VARIABLE} names," if "://" in spec else "")
                + f" cannot be used: {reason}"
            ) from error
        yield server


@contextlib.contextmanager
def _admin_url(spec: str, say: Callable[[str], None]) -> Generator[tuple[str, str]]:
    with contextlib.ExitStack() as stack:
        if "://" in spec:
            yield spec, spec
            return
        if spec == "container" or (not spec and docker_answers()):
            try:
                yield "container", stack.enter_context(container(say))
                return
            except ServerError as error:
                if spec:
                    raise
                say(f"{error}\nThe tests run on the embedded server instead.")
        try:
            found = binaries(spec or "embedded")
        except ServerError as error:
            raise ServerError(
                f"The tests have no PostgreSQL: {error} {_WAYS}"
            ) from error
        cluster = stack.enter_context(disposable(found))
        yield spec or "embedded", cluster_url(cluster)


def binaries(spec: str) -> Path:
    """The folder that `embedded`, `embedded:16` or a path means."""
    if spec == "embedded":
        return embedded_binaries()
    if major := re.fullmatch(r"embedded:(\d+)", spec):
        return embedded_binaries(int(major[1]))
    folder = Path(spec)
    major_version(folder)
    return folder


def cluster_url(cluster: Cluster) -> str:
    """The superuser's address of a cluster of ours."""
    return settings.write_url(cluster.conninfo())


@contextlib.contextmanager
def _logins(server: Server) -> Generator[None]:
    """Two logins as a careful DBA makes them, and away with all of the run at its end."""
    with server.admin() as conn:
        # This lock says that the run lives; what a killed one left behind has none.
        conn.execute("select pg_advisory_lock(%s, %s)", [_LIVES, _number(server.run)])
        for run in _dead_runs(conn):
            _remove(conn, run)
        # Roles that another run brought leave with the last run, the others stay.
        stays = [] if _runs(conn) else _group_roles(conn)
        _make_logins(conn, server, note=json.dumps(stays))
        try:
            yield
        finally:
            with server.admin() as fresh:  # a test may have ended the first connection
                _remove(fresh, server.run)


def _make_logins(conn: psycopg.Connection, server: Server, *, note: str) -> None:
    migrator = sql.Identifier(server.migrator)
    if conn.info.server_version >= 160000:
        # Iterations protect what people think up; at each connection they cost milliseconds.
        conn.execute("set scram_iterations = 1")
    conn.execute(
        sql.SQL("create role {} login createrole password {}").format(
            migrator, server.password
        )
    )
    conn.execute(sql.SQL("comment on role {} is {}").format(migrator, note))
    conn.execute(
        sql.SQL("create role {} login noinherit password {}").format(
            sql.Identifier(server.worker), server.password
        )
    )
    if not _is_superuser(conn):
        conn.execute(sql.SQL("grant {} to current_user").format(migrator))
    for role in _group_roles(conn):  # another database of this cluster brought them
        conn.execute(
            sql.SQL("grant {} to {} with admin option").format(
                sql.Identifier(role), migrator
            )
        )


def _make_template(server: Server) -> None:
    with server.admin() as conn:
        _create(conn, server.template, owner=server.migrator, template=None)
    target = settings.parse(server.url(server.template, server.migrator))
    migrations.apply(target)
    migrations.let_enter(target, server.worker)


def _create(
    conn: psycopg.Connection, name: str, *, owner: str, template: str | None
) -> None:
    # Copying files takes two checkpoints, which cost nothing where nothing is flushed.
    flushes = conn.execute("show fsync").fetchone() == ("on",)
    conn.execute(
        sql.SQL("create database {} owner {} template {} strategy {}").format(
            sql.Identifier(name),
            sql.Identifier(owner),
            sql.Identifier(template or "template0"),
            sql.SQL("wal_log" if flushes else "file_copy"),
        )
    )


def _fill(database: Database, fillers: Sequence[Filler], rows: int) -> None:
    with psycopg.connect(database.owner_url) as conn:
        for filler in fillers:
            filler(conn, rows)
            conn.execute("reset role")
            conn.commit()
        # Index-only scans need the visibility map, plans the statistics.
        conn.autocommit = True
        conn.execute("vacuum (analyze)")


def _is_filled(conn: psycopg.Connection, name: str) -> bool:
    found = conn.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
        [name],
    ).fetchone()
    return found == ("filled",)


def _is_superuser(conn: psycopg.Connection) -> bool:
    found = conn.execute("select rolsuper from pg_roles where rolname = current_user")
    return found.fetchone() == (True,)


def _group_roles(conn: psycopg.Connection) -> list[str]:
    rows = conn.execute(
        "select rolname from pg_roles where rolname = any (%s)",
        [["renderstore_owner", *migrations.SCOPE_ROLES]],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _number(run: str) -> int:
    return int(run, 16) & 0x7FFFFFFF


def _runs(conn: psycopg.Connection) -> list[str]:
    """The runs that have something on this server."""
    rows = conn.execute(
        "select substring(rolname from '^renderstore_test_([0-9a-f]{8})_migrator$')"
        " from pg_roles where rolname ~ '^renderstore_test_[0-9a-f]{8}_migrator$'"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _dead_runs(conn: psycopg.Connection) -> list[str]:
    rows = conn.execute(
        "select objid::bigint from pg_locks where locktype = 'advisory' and classid = %s",
        [_LIVES],
    ).fetchall()
    alive = {row[0] for row in rows}
    return [run for run in _runs(conn) if _number(run) not in alive]


def _remove(conn: psycopg.Connection, run: str) -> None:
    """Drop a run's databases and logins, and the group roles if it was the last to need them."""
    login = f"renderstore_test_{run}"
    note = conn.execute(
        "select shobj_description(to_regrole(%s), 'pg_authid')", [f"{login}_migrator"]
    ).fetchone()
    mine = conn.execute(
        "select datname from pg_database where starts_with(datname, %s)", [login]
    ).fetchall()
    for (name,) in mine:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(
                sql.Identifier(str(name))
            )
        )
    leaving = [login, f"{login}_migrator"]
    if _runs(conn) == [run] and note is not None and note[0] is not None:
        stays = json.loads(str(note[0]))
        leaving = [
            *(role for role in _group_roles(conn) if role not in stays),
            *leaving,
        ]
    for role in leaving:
        with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
            conn.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
