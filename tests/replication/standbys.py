"""Servers of a test's own that follow one another."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from renderstore import settings
from renderstore.server import THROW_AWAY, Cluster, disposable
from renderstore.testing import Database
from renderstore.testing.servers import binaries, cluster_url, running_server

# A commit is in the log when it returns, and the log is there for a standby that follows late.
STREAMING = {**THROW_AWAY, "synchronous_commit": "on", "wal_keep_size": "1GB"}
SERVERS = {"18": "embedded", "15": "/usr/lib/postgresql/15/bin"}


def folder(version: str) -> Path:
    """The binaries of a version; a test is skipped where there are none."""
    spec = SERVERS[version]
    if spec != "embedded" and not Path(spec).is_dir():
        pytest.skip(f"needs the binaries of PostgreSQL {version} in {spec}")
    return binaries(spec)


def follow(
    other: Cluster, cluster: Cluster, settings: Mapping[str, str] = THROW_AWAY
) -> None:
    """A base backup takes the other's place and follows."""
    other.stop()
    shutil.rmtree(other.data)
    runs_as = cluster.account
    subprocess.run(
        [
            other.binaries / "pg_basebackup",
            *("-d", cluster_url(cluster), "-D", other.data, "-R", "-c", "fast"),
        ],
        check=True,
        capture_output=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        user=None if runs_as is None else runs_as.uid,
        group=None if runs_as is None else runs_as.gid,
        extra_groups=None if runs_as is None else [],
    )
    other.start(settings)


@dataclass(frozen=True, slots=True)
class Trio:
    """A primary and two standbys, each under its name (cluster_name)."""

    clusters: Mapping[str, Cluster]
    made: Database

    def url(self, *names: str, admin: bool = False, **parameters: str) -> str:
        """The address of one, or of several hosts."""
        url = self.made.admin_url if admin else self.made.url
        hosts = [self.clusters[name].conninfo()["host"] for name in names]
        there = {"host": ",".join(hosts), **parameters}
        return settings.write_url(settings.parse(url).conninfo | there)

    def ask(self, name: str, statement: LiteralString, *parameters: object) -> Any:
        """The first column, as a superuser of this server sees it."""
        with psycopg.connect(self.url(name, admin=True), autocommit=True) as conn:
            row = conn.execute(statement, parameters).fetchone()
            return None if row is None else row[0]

    def wait(self, name: str, condition: LiteralString, *parameters: object) -> None:
        """Until this server says so."""
        while self.ask(name, condition, *parameters) is not True:
            time.sleep(0.02)

    def deafen(self, name: str) -> str:
        """Let nobody send to this standby; answers who did."""
        sender = str(self.ask(name, "select current_setting('primary_conninfo')"))
        self.hear(name, "")
        self.wait(name, "select not exists (select from pg_stat_wal_receiver)")
        return sender

    def hear(self, name: str, sender: str) -> None:
        """Let this server send to it."""
        with psycopg.connect(self.url(name, admin=True), autocommit=True) as conn:
            conn.execute(
                sql.SQL("alter system set primary_conninfo = {}").format(
                    sql.Literal(sender)
                )
            )
            conn.execute("select pg_reload_conf()")

    def kill(self, name: str) -> None:
        """SIGKILL to all of a server at once: killed one by one, a connection answers that is about to be lost.

        So all of it stops first, and none answers when the first is gone.
        """
        pid = str(self.clusters[name].pid())
        subprocess.run(["kill", "-STOP", pid], check=True)  # it begins no other
        found = subprocess.run(
            ["pgrep", "-P", pid], capture_output=True, text=True, check=True
        )
        for how in ("-STOP", "-KILL"):
            subprocess.run(["kill", how, pid, *found.stdout.split()], check=False)

    def commit(self) -> str:
        """A transaction on the primary; where the log ends then."""
        self.ask("primary", "insert into public.beats default values returning 1")
        return str(self.ask("primary", "select pg_current_wal_lsn()::text"))

    def catch_up(self, *names: str) -> None:
        """Until these have all that was committed."""
        end = self.commit()
        for name in names:
            self.wait(name, "select pg_last_wal_replay_lsn() >= %s::pg_lsn", end)


@contextmanager
def three(version: str) -> Generator[Trio]:
    """A primary with its standbys."""
    found = folder(version)
    with ExitStack() as stack:
        primary = stack.enter_context(disposable(found, _named("primary", STREAMING)))
        server = stack.enter_context(running_server(cluster_url(primary)))
        made = server.clone()
        with psycopg.connect(made.admin_url, autocommit=True) as conn:
            # What belongs to nobody, so that who writes meets no rule of ours.
            conn.execute("create table public.beats (at timestamptz default now())")
            conn.execute("grant select, insert on public.beats to public")
        yield Trio(_followed(stack, primary, found), made)


@contextmanager
def copy(trio: Trio) -> Generator[Trio]:
    """Another primary and its standbys with the same in them; that costs less than to migrate."""
    found = trio.clusters["primary"].binaries
    with ExitStack() as stack:
        primary = stack.enter_context(disposable(found))
        follow(primary, trio.clusters["primary"], _named("primary", STREAMING))
        with psycopg.connect(cluster_url(primary), autocommit=True) as conn:
            conn.execute("select pg_promote()")
        yield Trio(_followed(stack, primary, found), moved(trio.made, primary))


def _followed(stack: ExitStack, primary: Cluster, found: Path) -> Mapping[str, Cluster]:
    clusters = {"primary": primary}
    for name in ("near", "far"):
        clusters[name] = stack.enter_context(disposable(found))
        follow(clusters[name], primary, _named(name, THROW_AWAY))
    return clusters


def _named(name: str, settings: Mapping[str, str]) -> Mapping[str, str]:
    return {**settings, "cluster_name": name}


def moved(made: Database, cluster: Cluster) -> Database:
    """The same database on another server."""
    there = {"host": cluster.conninfo()["host"]}
    urls = {
        name: settings.write_url(settings.parse(url).conninfo | there)
        for name in ("url", "owner_url", "admin_url")
        if (url := getattr(made, name))
    }
    return replace(made, **urls)
