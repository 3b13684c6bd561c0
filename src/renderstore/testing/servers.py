"""A server for a test run: a container, the embedded wheel, binaries, or a given one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore.server import Cluster, disposable, embedded_binaries, major_version

VARIABLE = "RENDERSTORE_TEST_SERVER"
IMAGE_VARIABLE = "RENDERSTORE_TEST_IMAGE"


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
        return psycopg.connect(
            **settings.parse(self.admin_url).conninfo, autocommit=True
        )

    def create(self, template: str | None = None) -> Database:
        """A new database: empty, or a clone."""
        name = f"renderstore_test_{self.run}_{secrets.token_hex(5)}"
        with self.admin() as conn:
            conn.execute(
                sql.SQL("create database {} owner {} template {} strategy wal_log").format(
                    sql.Identifier(name),
                    sql.Identifier(self.migrator),
                    sql.Identifier(template or "template0"),
                )
            )
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


@contextlib.contextmanager
def running_server(spec: str | None = None) -> Generator[Server]:
    """A server as RENDERSTORE_TEST_SERVER names it, with a migrated template."""
    spec = spec or os.environ.get(VARIABLE, "") or default_spec()
    with _admin_url(spec) as admin_url:
        server = Server(
            admin_url=admin_url,
            run=secrets.token_hex(4),
            password=secrets.token_urlsafe(18),
            kind=spec,
        )
        with _logins(server):
            _make_template(server)
            yield server


def default_spec() -> str:
    """A container where Docker answers, else the embedded server."""
    return "container" if docker_answers() else "embedded"


def docker_answers() -> bool:
    """Whether a Docker engine runs here."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        said = subprocess.run(
            ["docker", "info"], capture_output=True, check=False, timeout=10
        )
        return said.returncode == 0
    return False


@contextlib.contextmanager
def _admin_url(spec: str) -> Generator[str]:
    if "://" in spec:
        yield spec
    elif spec == "container":
        with _container() as url:
            yield url
    else:
        with disposable(binaries(spec)) as cluster:
            yield cluster_url(cluster)


def binaries(spec: str) -> Path:
    """The folder that `embedded`, `embedded:16` or a path means."""
    if spec.startswith("embedded"):
        return embedded_binaries(int(spec.partition(":")[2] or 18))
    folder = Path(spec)
    major_version(folder)
    return folder


def cluster_url(cluster: Cluster) -> str:
    """The superuser's address of a cluster of ours."""
    return settings.write_url(cluster.conninfo())


@contextlib.contextmanager
def _container() -> Generator[str]:
    # Docker's own client library takes its time to load; only containers need it.
    from testcontainers.community.postgres import PostgresContainer

    image = os.environ.get(IMAGE_VARIABLE, "postgres:18")
    options = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    container = PostgresContainer(
        image, password=secrets.token_urlsafe(18), driver=None
    ).with_command(f"postgres {options} -c max_connections=300")
    with container as running:
        yield running.get_connection_url()


@contextlib.contextmanager
def _logins(server: Server) -> Generator[None]:
    """Two logins as a careful DBA makes them, and away with all of the run at its end."""
    with server.admin() as conn:
        found = _group_roles(conn)
        conn.execute(
            sql.SQL("create role {} login createrole password {}").format(
                sql.Identifier(server.migrator), server.password
            )
        )
        conn.execute(
            sql.SQL("create role {} login noinherit password {}").format(
                sql.Identifier(server.worker), server.password
            )
        )
        if not _is_superuser(conn):
            conn.execute(
                sql.SQL("grant {} to current_user").format(sql.Identifier(server.migrator))
            )
        for role in found:  # another database of this cluster brought them
            conn.execute(
                sql.SQL("grant {} to {} with admin option").format(
                    sql.Identifier(role), sql.Identifier(server.migrator)
                )
            )
    try:
        yield
    finally:
        with server.admin() as conn:
            _remove(conn, server, keep=found)


def _make_template(server: Server) -> None:
    with server.admin() as conn:
        conn.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(server.template), sql.Identifier(server.migrator)
            )
        )
    target = settings.parse(server.url(server.template, server.migrator))
    migrations.apply(target)
    migrations.let_enter(target, server.worker)


def _is_superuser(conn: psycopg.Connection) -> bool:
    return conn.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (True,)


def _group_roles(conn: psycopg.Connection) -> list[str]:
    rows = conn.execute(
        "select rolname from pg_roles where rolname = any (%s)",
        [["renderstore_owner", *migrations.SCOPE_ROLES]],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _remove(conn: psycopg.Connection, server: Server, *, keep: list[str]) -> None:
    mine = conn.execute(
        "select datname from pg_database where datname like %s",
        [f"renderstore\\_test\\_{server.run}%"],
    ).fetchall()
    for (name,) in mine:
        conn.execute(
            sql.SQL("drop database {} with (force)").format(sql.Identifier(str(name)))
        )
    for role in (*_group_roles(conn), server.worker, server.migrator):
        if role not in keep:
            with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
                conn.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))

