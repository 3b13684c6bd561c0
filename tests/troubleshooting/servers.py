"""Servers of these tests' own, for what the shared one must not have."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from renderstore import settings
from renderstore.server import (
    THROW_AWAY,
    Cluster,
    disposable,
    embedded_binaries,
)

# Small: it is to be filled.
CONNECTIONS = 8
PASSWORD = "secret"


@dataclass(frozen=True, slots=True)
class Alone:
    """An empty server that asks for passwords and TLS, on a port of its own."""

    cluster: Cluster
    port: int
    settings: dict[str, str]

    def start(self) -> None:
        """With the settings of its fixture, if it does not run."""
        if not self.cluster.is_running():
            self.cluster.start(self.settings)

    def socket(self, dbname: str = "postgres") -> str:
        """The superuser's address, past every password."""
        at_port = {"port": str(self.port)}
        return settings.write_url(self.cluster.conninfo(dbname=dbname) | at_port)

    def execute(self, *statements: str, dbname: str = "postgres") -> None:
        """As its superuser."""
        with psycopg.connect(self.socket(dbname), autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement.encode())

    def needs_tls(self) -> None:
        """Switches TLS on, where its binaries have that."""
        certify(self.cluster)
        try:
            self.execute("alter system set ssl = on", "select pg_reload_conf()")
        except psycopg.Error:
            pytest.skip("needs a server with TLS, such as Debian's")

    def can_count(self) -> bool:
        """Whether its binaries bring pg_stat_statements."""
        asked = "select from pg_available_extensions where name = 'pg_stat_statements'"
        with psycopg.connect(self.socket(), autocommit=True) as conn:
            return conn.execute(asked).rowcount == 1

    def unit(self) -> str:
        """What stands for a distribution's unit: `… start`, `… restart`."""
        script = self.cluster.home / "unit.py"
        script.write_text(
            "import sys\nfrom pathlib import Path\nfrom renderstore.server import Cluster\n"
            f"cluster = Cluster(Path({str(self.cluster.home)!r}), Path({str(self.cluster.binaries)!r}))\n"
            "if sys.argv[1] == 'restart':\n    cluster.stop()\n"
            f"cluster.start({self.settings!r})\n"
        )
        return f"{sys.executable} {script}"

    def admit(self, *lines: str) -> None:
        """What pg_hba.conf says to whoever is no superuser on the socket."""
        first = "local all postgres trust"
        (self.cluster.data / "pg_hba.conf").write_text("\n".join([first, *lines, ""]))
        self.execute("select pg_reload_conf()")

    def url(self, *, user: str = "farm_web", dbname: str = "farm", **more: str) -> str:
        """An address over TCP."""
        return settings.write_url(
            {
                "host": "127.0.0.1",
                "port": str(self.port),
                "user": user,
                "password": PASSWORD,
                "dbname": dbname,
                **more,
            }
        )

    def environment(self) -> dict[str, str]:
        """For the page's shell: psql is a superuser's, and pg_ctl finds the server."""
        return {
            "PGHOST": str(self.cluster.socket_folder),
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
            "DATABASE_URL": self.url(),
        }


def certify(alone: Cluster) -> None:
    """A certificate that no authority signed, as Debian makes one."""
    made = [alone.data / "server.key", alone.data / "server.crt"]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(made[0]), "-out", str(made[1])),
        ],
        check=True,
        capture_output=True,
    )
    for path in made:
        path.chmod(0o600)
        if alone.account is not None:
            os.chown(path, alone.account.uid, alone.account.gid)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _binaries() -> Path:
    """A distribution's, which have TLS and extensions, where there are any."""
    given = os.environ.get("RENDERSTORE_TEST_SERVER", "")
    if given.startswith("/"):
        return Path(given)
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return installed[0].parent if installed else embedded_binaries()


@pytest.fixture(scope="module")
def alone() -> Generator[Alone]:
    with disposable(_binaries()) as cluster:
        cluster.stop()
        port = _free_port()
        chosen = {
            **THROW_AWAY,
            "max_connections": str(CONNECTIONS),
            "listen_addresses": "127.0.0.1",
            "port": str(port),
        }
        made = Alone(cluster, port, chosen)
        made.start()
        yield made
