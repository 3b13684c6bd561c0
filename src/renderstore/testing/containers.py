"""A PostgreSQL in a container, for the runs that have Docker."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Generator

import psycopg
from psycopg import sql

from renderstore.server import THROW_AWAY, ServerError, fits_in_memory, guarded

IMAGE_VARIABLE = "RENDERSTORE_TEST_IMAGE"
DEFAULT_IMAGE = "postgres:18"
SETTINGS = " ".join(f"-c {name}={value}" for name, value in THROW_AWAY.items())


def docker_answers() -> bool:
    """Whether a Docker engine runs here."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        said = subprocess.run(
            ["docker", "info"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=10,
        )
        return said.returncode == 0
    return False


@contextlib.contextmanager
def container(say: Callable[[str], None]) -> Generator[str]:
    """The superuser's address of a server in a container that is gone with this process."""
    # Docker's own client library takes its time to load; only containers need it.
    try:
        from testcontainers.community.postgres import PostgresContainer
        from testcontainers.core.config import testcontainers_config
    except ImportError as error:
        raise ServerError(
            "Containers need testcontainers, which is not installed:"
            " pip install 'renderstore[testing]', or set RENDERSTORE_TEST_SERVER=embedded."
        ) from error

    image = os.environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE
    name = f"renderstore-test-{secrets.token_hex(6)}"
    with contextlib.ExitStack() as stack:
        if shutil.which("docker"):
            # Our guard does what Ryuk does, without an image of its own to pull.
            testcontainers_config.ryuk_disabled = True
            stack.enter_context(guarded(_REMOVE, name))
            if not _has_image(image):
                say(f"Docker pulls {image}; this happens once.")
        try:
            password = secrets.token_urlsafe(18)
            made = PostgresContainer(
                image,
                password=password,
                driver=None,
                name=name,
                command=f"postgres {SETTINGS}",
            )
            if _is_local() and fits_in_memory():
                made.with_tmpfs_mount(_MEMORY).with_env("PGDATA", f"{_MEMORY}/cluster")
            running = stack.enter_context(made)
            url = _reachable(
                running.get_connection_url(host="127.0.0.1"),
                running.get_connection_url(),
            )
            _shorten_logins(url, password)
        except Exception as error:  # each library on the way has errors of its own
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ServerError(
                f"Docker answers, but gives no container of {image}: {reason}\n"
                f"Set {IMAGE_VARIABLE} to an image of PostgreSQL 15 or later that this"
                " machine has or can pull, or RENDERSTORE_TEST_SERVER=embedded."
            ) from error
        yield url


_MEMORY = "/renderstore"

_REMOVE = (
    "while :; do"
    ' docker rm -f -v "$1";'
    " tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 1;"
    " done"
)


def _is_local() -> bool:
    """Whether the engine's memory is this machine's."""
    return os.environ.get("DOCKER_HOST", "unix://").startswith("unix://")


def _has_image(image: str) -> bool:
    said = subprocess.run(
        ["docker", "image", "inspect", image],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return said.returncode == 0


def _shorten_logins(url: str, password: str) -> None:
    """Iterations protect what people think up; of a random password they cost milliseconds a connection."""
    with psycopg.connect(url, autocommit=True) as conn:
        if conn.info.server_version >= 160000:
            conn.execute("set scram_iterations = 1")
            conn.execute(
                sql.SQL("alter role current_user password {}").format(password)
            )


def _reachable(*urls: str) -> str:
    """The first address that answers: a local one counts as local in all that follows."""
    # A throw-away server has no certificate, and a gateway's address is no local one.
    plain = [f"{url}?sslmode=disable" for url in urls]
    for url in plain[:-1]:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=5).close()
            return url
    psycopg.connect(plain[-1], connect_timeout=30).close()
    return plain[-1]
