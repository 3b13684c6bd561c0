"""Which database a command means: DATABASE_URL's, else the embedded one of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore._environment import ENV_FILES, find_environment
from renderstore._hints import hint, typed
from renderstore._scope.farms import AWAY
from renderstore._unreached import why
from renderstore.server import (
    Cluster,
    checkout_cluster,
    checkout_home,
    has_embedded,
)
from renderstore.settings import Settings
from renderstore.store import FarmStore, SyncStore, connect, connect_farms

T = TypeVar("T")

DATABASE = "renderstore"
MIGRATOR = "renderstore_migrator"
DEVELOPER = "renderstore_developer"

RESTARTED = (
    "The embedded server had lost its files (.venv was changed or removed under it);"
    " it was started again."
)

_ENV = """\
# Written by `{up}`.
DATABASE_URL='{working}'
DIRECT_URL='{migrating}'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A database with its two logins; the cluster too, where it is the embedded one."""

    folder: Path
    working: Settings
    migrating: Settings
    cluster: Cluster | None

    @property
    def has_one_login(self) -> bool:
        """Whether the login that works is the one that migrates."""
        return self.working.user == self.migrating.user


def find(*, may_rest: bool = False, may_lack: bool = False) -> Place:
    """The place that the environment, `.env.local` or `.env` names, else this folder's embedded server.

    That server must run, unless it may rest, and must have been made, unless it may lack.
    """
    folder = find_folder()
    # Both addresses come from one source: .env must not send a migration elsewhere than
    # the environment's DATABASE_URL.
    source, why_not = find_environment(os.environ, folder=folder)
    home = checkout_home(folder)
    if why_not:
        if not home.is_made and not (may_lack and has_embedded()):
            install = (
                "" if has_embedded() else "pip install 'renderstore[embedded]' and "
            )
            raise click.ClickException(
                f"DATABASE_URL is not set {why_not}. Set it to your database's address, or {install}type"
                f" {hint('up')}: it makes an embedded PostgreSQL in {home.folder},"
                f" migrates it and writes its address to {folder / '.env'}."
            )
        cluster = checkout_cluster(folder)
        here = Place(
            folder,
            settings.parse(address(cluster, DEVELOPER)),
            settings.parse(address(cluster, MIGRATOR)),
            cluster,
        )
    else:
        working = settings.parse(source["DATABASE_URL"], environ=source)
        direct = source.get("DIRECT_URL", "").strip()
        migrating = settings.parse(direct, environ=source) if direct else working
        for note in dict.fromkeys((*working.notes, *migrating.notes)):
            # Not among the answer, which a program may read.
            click.echo(note, err=True)
        embedded = working.host == str(home.socket_folder)
        here = Place(
            folder, working, migrating, checkout_cluster(folder) if embedded else None
        )
    if not may_rest and here.cluster is not None and not here.cluster.is_running():
        raise click.ClickException(
            f"The embedded PostgreSQL of {folder} does not run: {hint('up')} starts it."
        )
    if not may_rest and here.cluster is not None and here.cluster.has_lost_its_files():
        here.cluster.restart()
        click.echo(RESTARTED, err=True)
    return here


def store(
    target: Settings, *, size: int | None = None, timeout: float | None = None
) -> SyncStore:
    """A store there. The address alone would not say that a pooler stands between."""
    return connect(target.url, size=size, timeout=timeout, pooler=target.pooler)


def farms() -> dict[int, str]:
    """The farms that FARM_URLS names beside DATABASE_URL; nothing where there is one database."""
    source, why_not = find_environment(os.environ, folder=find_folder())
    return {} if why_not else settings.farm_urls(source)


def farm_store(
    named: dict[int, str], *, size: int | None = None, timeout: float | None = None
) -> FarmStore:
    """A store over home and these."""
    target = find().working
    return connect_farms(
        target.url, named, size=size, timeout=timeout, pooler=target.pooler
    )


def opened(
    *, size: int | None = None, farms_timeout: float | None = None
) -> SyncStore | FarmStore:
    """A store over home and the farms that FARM_URLS names, else on the one database, which answers."""
    if named := farms():
        return farm_store(named, size=size, timeout=farms_timeout)
    return store(answering(), size=size)


@contextmanager
def nodes(*, size: int | None = None) -> Generator[dict[str, SyncStore]]:
    """Every node's store by what its lines begin with: home's and each farm's where FARM_URLS names farms."""
    with opened(size=size, farms_timeout=5) as found:
        if isinstance(found, FarmStore):
            yield {f"{name}: ": each for name, each in found.nodes.items()}
        else:
            yield {"": found}


def each(
    asked: Mapping[str, SyncStore], ask: Callable[[SyncStore], T]
) -> Generator[tuple[str, T | None]]:
    """What every node answers; None where a farm is away, which is said and keeps nobody else waiting."""
    for name, one in asked.items():
        try:
            answer = ask(one)
        except AWAY as error:
            if not name:
                raise
            click.echo(f"{name}{' '.join(str(error).split())}", err=True)
            answer = None
        yield name, answer


def find_folder() -> Path:
    """The folder that a command means: this one, or the nearest above that names a database."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in ("yoyo.ini", *ENV_FILES)):
            return folder
    return here


def address(cluster: Cluster, login: str) -> str:
    """Where a login finds the embedded server's database."""
    return settings.write_url(cluster.conninfo(login, DATABASE))


@contextmanager
def reached(target: Settings) -> Generator[None]:
    """A server that is not there is one sentence."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise click.ClickException(
            f"{target.where} is not reached: {why(error)}"
        ) from error


def answering() -> Settings:
    """The working login's address, once its server has answered: a pool would try for half a minute before it says so."""
    target = find().working
    with reached(target):
        psycopg.connect(target.url, connect_timeout=5).close()
    return target


def write_env(place: Place) -> bool:
    """Write .env where there is none; say whether it was written."""
    path = place.folder / ".env"
    if any((place.folder / name).exists() for name in ENV_FILES):
        return False
    path.touch(mode=0o600)
    path.write_text(
        _ENV.format(
            up=typed("up"), working=place.working.url, migrating=place.migrating.url
        )
    )
    return True


def make_database(cluster: Cluster) -> None:
    """The embedded server's two logins and its database, as a careful DBA would make them."""
    with psycopg.connect(
        settings.write_url(cluster.conninfo()), autocommit=True
    ) as conn:
        for login, options in (
            (MIGRATOR, sql.SQL("createrole")),
            (DEVELOPER, sql.SQL("noinherit")),
        ):
            if not conn.execute(
                "select from pg_roles where rolname = %s", [login]
            ).fetchall():
                conn.execute(
                    sql.SQL("create role {} login {}").format(
                        sql.Identifier(login), options
                    )
                )
        if not conn.execute(
            "select from pg_database where datname = %s", [DATABASE]
        ).fetchall():
            conn.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(MIGRATOR)
                )
            )
    if cluster.has_contrib():  # for :slow; only a superuser may
        with psycopg.connect(
            settings.write_url(cluster.conninfo(dbname=DATABASE)), autocommit=True
        ) as conn:
            conn.execute("create extension if not exists pg_stat_statements")


def show_sessions(cluster: Cluster) -> None:
    """Let readers of the embedded server see what others run, which only a superuser may."""
    with psycopg.connect(
        settings.write_url(cluster.conninfo()), autocommit=True
    ) as conn:
        if conn.execute(
            "select not pg_has_role('renderstore_readonly', 'pg_read_all_stats', 'usage')"
        ).fetchone() == (True,):
            conn.execute("grant pg_read_all_stats to renderstore_readonly")


def closed_scopes(place: Place) -> list[str]:
    """The scopes' roles that the working login may not enter."""
    with psycopg.connect(place.migrating.url, connect_timeout=10) as conn:
        # Granted roles are the same question on 15 and later: `set` exists from 16 on.
        word = "set" if conn.info.server_version >= 160000 else "member"
        rows = conn.execute(
            "select role from unnest(%s::text[]) as role"
            " where not pg_has_role(%s, role, %s)",
            [list(migrations.SCOPE_ROLES), place.working.user, word],
        ).fetchall()
    return [str(row[0]) for row in rows]
