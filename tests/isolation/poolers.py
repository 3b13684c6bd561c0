"""A PgBouncer of a test's own, in transaction mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from renderstore import settings
from renderstore.server import account

BINARY = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"


@contextmanager
def pgbouncer(url: str, size: int = 1) -> Generator[str]:
    """The URL's database behind a pooler with this many connections to its server."""
    if not Path(BINARY).exists():
        pytest.skip("PgBouncer is not installed (Debian: apt-get install pgbouncer).")
    behind = settings.parse(url)
    runs_as = account()
    folder = Path(tempfile.mkdtemp(prefix="bouncer", dir="/tmp"))
    password = behind.conninfo.get("password", "")
    (folder / "users").write_text(f'"{behind.user}" "{password}"\n')
    (folder / "ini").write_text(
        f"""[databases]
* = host={behind.host} port={behind.port}

[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
logfile = {folder}/log
"""
    )
    prefix: list[str] = []
    if runs_as is not None:
        for path in (folder, folder / "users", folder / "ini"):
            os.chown(path, runs_as.uid, runs_as.gid)
        prefix = [
            "setpriv",
            f"--reuid={runs_as.uid}",
            f"--regid={runs_as.gid}",
            "--clear-groups",
        ]
    running = subprocess.Popen(
        [*prefix, BINARY, "-q", str(folder / "ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    front = settings.write_url(
        {
            "user": behind.user,
            "password": password,
            "dbname": behind.dbname,
            "host": str(folder),
            "port": "6432",
        }
    )
    try:
        while True:
            with suppress(psycopg.OperationalError):
                psycopg.connect(front).close()
                break
            assert running.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        yield front + "&pgbouncer=true"
    finally:
        running.terminate()
        running.wait()
        shutil.rmtree(folder)
