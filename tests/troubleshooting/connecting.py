"""Faults between a program and its server: addresses, logins, TLS, connections."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from select import select
from socket import SHUT_WR, create_connection, create_server, socket
from tempfile import TemporaryDirectory
from threading import Event, Thread

import psycopg
import pytest
from tests.isolation.poolers import pgbouncer
from tests.troubleshooting.faults import (
    Fault,
    addresses,
    fault,
    names,
)
from tests.troubleshooting.servers import PASSWORD, Alone

from renderstore import connect, errors, settings
from renderstore.testing import Database

_PASSWORDS = "host all all 127.0.0.1/32 scram-sha-256"
_TRUST = "host all all 127.0.0.1/32 trust"
_ANSWERS = "farm on db.farm.example answers as farm_web"


def farm(alone: Alone, *, admits: str = _PASSWORDS) -> None:
    """The login and its database, as they should be."""
    alone.start()
    alone.admit(admits)
    alone.execute(
        "drop database if exists farm with (force)",
        "drop role if exists farm_web",
        "drop role if exists farm_migrator",
        f"create role farm_web login noinherit password '{PASSWORD}'",
        f"create role farm_migrator login createrole password '{PASSWORD}'",
        "create database farm owner farm_migrator",
    )


def at(alone: Alone) -> dict[str, str]:
    """The page's words there."""
    return {
        "postgresql://farm_web:secret@db.farm.example/farm": alone.url(),
        "postgresql://farm_web:secret@db.farm.example/farm?sslmode=require": alone.url(
            sslmode="require"
        ),
        "db.farm.example": "127.0.0.1",
        "5432": str(alone.port),
    }


def reached(
    alone: Alone, url: str | None = None, words: Mapping[str, str] | None = None
) -> Fault:
    """A fault after which the login reaches its database."""
    return Fault(
        well=_ANSWERS,
        words={**at(alone), **(words or {})},
        environment=alone.environment()
        | ({} if url is None else {"DATABASE_URL": url}),
    )


@fault("`DATABASE_URL is not set`", on="alone")
def nobody_said_where(alone: Alone) -> Generator[Fault]:
    farm(alone)
    yield reached(alone, "")


@fault("`Connection refused`", on="alone")
def the_server_is_down(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.cluster.stop()
    yield reached(
        alone, words={"sudo systemctl start postgresql": f"{alone.unit()} start"}
    )


@fault("`failed to resolve host`", on="alone")
def the_name_is_wrong(alone: Alone) -> Generator[Fault]:
    farm(alone)
    yield reached(
        alone,
        "postgresql://farm_web:secret@bd.farm.invalid/farm",
        {"bd.farm.example": "bd.farm.invalid"},
    )


@fault('`password authentication failed for user "farm_web"`', on="alone")
def the_password_is_another(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.execute("alter role farm_web password 'another'")
    yield reached(alone)


@fault('`role "farm_web" does not exist`', on="alone")
def the_login_is_missing(alone: Alone) -> Generator[Fault]:
    farm(alone, admits=_TRUST)
    alone.execute("drop role farm_web")
    yield reached(alone)


@fault('`role "farm_web" is not permitted to log in`', on="alone")
def the_login_is_none(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.execute("alter role farm_web nologin")
    yield reached(alone)


@fault('`database "farm" does not exist`', on="alone")
def the_database_is_missing(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.execute("drop database farm")
    yield reached(alone)


@fault("`no pg_hba.conf entry for host`, `no encryption`", on="alone")
def tls_is_asked_for(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.needs_tls()
    alone.admit("hostssl all all 127.0.0.1/32 scram-sha-256")
    yield reached(alone, alone.url(sslmode="disable"))


@fault("`server does not support SSL, but SSL was required`", on="alone")
def tls_is_off(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.needs_tls()
    alone.execute("alter system set ssl = off", "select pg_reload_conf()")
    yield reached(alone, alone.url(sslmode="require"))


@fault("`renderstore needs 15 or newer`", on="alone")
def the_server_is_old(alone: Alone) -> Generator[Fault]:
    farm(alone)
    with _aged(alone.port) as port:
        yield reached(alone, alone.url(port=str(port), sslmode="disable"))


@contextmanager
def _aged(port: int) -> Generator[int]:
    """The same server, which says that it is another version: 14 is not made for every machine."""

    def pass_on(source: socket, target: socket) -> None:
        with suppress(OSError):
            while said := source.recv(65536):
                target.sendall(re.sub(rb"(server_version\0)\d\d", rb"\g<1>14", said))
        with suppress(OSError):
            target.shutdown(SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                front, _ = listening.accept()
                back = create_connection(("127.0.0.1", port))
                for pair in ((front, back), (back, front)):
                    Thread(target=pass_on, args=pair, daemon=True).start()

    with create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])


@fault("`root certificate file`, `does not exist`", on="alone")
def the_authority_is_unknown(alone: Alone) -> Generator[Fault]:
    farm(alone)
    alone.needs_tls()
    yield reached(
        alone,
        alone.url(sslmode="verify-full"),
        {"/etc/ssl/farm-ca.crt": str(alone.cluster.data / "server.crt")},
    )


@fault(
    "`remaining connection slots are reserved`, `too many clients already`", on="alone"
)
def the_server_is_full(alone: Alone) -> Generator[Fault]:
    farm(alone)
    with ExitStack() as kept:
        _fill(alone.url(), kept)
        assert _full(alone)

        def see(_: Mapping[str, str]) -> str:
            return _full(alone)

        yield Fault(
            well="(0 rows)", see=see, words=at(alone), environment=alone.environment()
        )


def _fill(url: str, kept: ExitStack) -> str:
    """Takes what this login may have; what the server says then."""
    try:
        while True:
            kept.enter_context(psycopg.connect(url, autocommit=True))
    except psycopg.OperationalError as error:
        return str(error)


def _full(alone: Alone) -> str:
    """What the login is told, and who comes when superusers have taken the rest."""
    try:
        psycopg.connect(alone.url()).close()
    except psycopg.OperationalError as error:
        with ExitStack() as kept:
            return f"{error} {_fill(alone.socket(), kept)}"
    return ""


@fault("`could not extend file`, `No space left on device`", on="alone")
def the_disk_is_full(alone: Alone) -> Generator[Fault]:
    farm(alone)
    with TemporaryDirectory(dir="/tmp") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=20m,mode=777", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a small disk")
        try:
            runs_as = alone.cluster.account
            if runs_as is not None:
                os.chown(folder, runs_as.uid, runs_as.gid)
            alone.execute(f"create tablespace small location '{folder}'")
            alone.execute(
                "create table logs (chunk text) tablespace small", dbname="farm"
            )

            def see(_: Mapping[str, str]) -> str:
                try:
                    alone.execute(
                        "insert into logs select repeat('x', 1000) from generate_series(1, 30000)",
                        dbname="farm",
                    )
                except psycopg.Error as error:
                    return str(error)
                return ""

            yield Fault(
                well="there is room",
                see=see,
                words={
                    "/var/lib/postgresql/data": folder,
                    "sudo lvextend --resizefs --size +100G /dev/farm/postgresql": f"mount -o remount,size=400m {folder}",
                },
                environment=alone.environment(),
            )
        finally:
            alone.execute("drop database if exists farm with (force)")
            alone.execute("drop tablespace if exists small")
            subprocess.run(["umount", "-l", folder], check=True)


@fault("`connections were in use for 30 seconds`")
def the_pool_is_empty(database: Database) -> Generator[Fault]:
    store = connect(database.url, size=1, timeout=1)
    taken = Event()
    sessions: list[int] = []

    def hold() -> None:
        with suppress(errors.Error, psycopg.Error), store.readonly() as conn:
            sessions.append(conn.info.backend_pid)
            conn.execute("select 'and then it asks a slow service'")
            taken.set()
            # Until the server ends it.
            select([conn.fileno()], [], [])
            conn.execute("select 1")

    holder = Thread(target=hold)
    holder.start()
    taken.wait()

    def see(_: Mapping[str, str]) -> str:
        try:
            with store.readonly() as conn:
                conn.execute("select 1")
        except errors.PoolExhausted as error:
            return str(error)
        return ""

    try:
        yield Fault(
            well="(0 rows)",
            see=see,
            words=names(database) | {"4242": str(sessions[0])},
            environment=addresses(database),
        )
    finally:
        with psycopg.connect(database.admin_url) as conn:
            conn.execute("select pg_terminate_backend(%s)", [sessions[0]])
        holder.join()
        store.close()


@fault("`unsupported startup parameter: options`")
def a_pooler_stands_between(database: Database) -> Generator[Fault]:
    with pgbouncer(database.url, 2) as front:
        bare = settings.write_url(settings.parse(front).conninfo)
        folder = settings.parse(front).host
        yield Fault(
            well="as farm_web in renderstore_readonly",
            words=names(database)
            | {"db.farm.example": folder}
            | {
                "postgresql://farm_web@pooler.farm.example:6432/farm": bare,
                "postgresql://farm_web@pooler.farm.example:6432/farm?pgbouncer=true": front,
            },
            environment=addresses(database) | {"DATABASE_URL": bare},
        )


@fault('`prepared statement "_pg3_0" already exists`')
def another_program_prepares(database: Database) -> Generator[Fault]:
    with pgbouncer(database.url, 1) as front:
        bare = settings.write_url(settings.parse(front).conninfo)

        def see(environment: Mapping[str, str]) -> str:
            url = settings.parse(environment["DATABASE_URL"]).url
            with (
                psycopg.connect(url, autocommit=True) as one,
                psycopg.connect(url, autocommit=True) as other,
            ):
                for conn in (one, other):
                    try:
                        conn.execute("select 1", prepare=True)
                    except psycopg.Error as error:
                        return str(error)
            return ""

        yield Fault(
            well="(1 row)",
            see=see,
            words=names(database)
            | {
                "postgresql://farm_web@db.farm.example/farm": database.url,
                "db.farm.example": settings.parse(front).host,
            },
            environment=addresses(database) | {"DATABASE_URL": bare},
        )
