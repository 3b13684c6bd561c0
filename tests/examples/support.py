"""What the tests of the examples share: a program that serves, and how people come in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import httpx

EXAMPLES = Path(__file__).parents[2] / "examples"

PLEX_USERS = {
    "token-of-ann": {"id": 7, "username": "ann", "email": "ann@example.org", "title": "Ann"},
    "token-of-bob": {"id": 8, "username": "bob", "email": "bob@example.org", "title": "Bob"},
}  # fmt: skip


class _Plex(BaseHTTPRequestHandler):
    """What plex.tv says of a token."""

    def do_GET(self) -> None:
        account = PLEX_USERS.get(self.headers["X-Plex-Token"])
        self.send_response(200 if account else 401)
        self.end_headers()
        self.wfile.write(json.dumps(account).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def plex() -> Generator[str]:
    """The address of a server that answers as plex.tv does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Plex)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(folder: Path, environment: Mapping[str, str]) -> Generator[str]:
    """The address at which `uvicorn service:app` answers, started as its first lines say."""
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "service:app", "--port", "0"),
            *("--timeout-graceful-shutdown", "5"),
        ],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    said: list[str] = []
    try:
        for line in running.stderr:
            said.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                break
        else:
            raise AssertionError("".join(said))
        # Nobody reads on, and a full pipe would stop it.
        rest = threading.Thread(target=said.extend, args=[running.stderr], daemon=True)
        rest.start()
        yield found[1]
    finally:
        running.terminate()
        running.wait(120)
    assert "Traceback" not in "".join(said), "".join(said)


def sign_in(address: str, token: str) -> httpx.Client:
    """A browser of this person, with the session as a bearer: cookies of the service are for TLS alone."""
    said = httpx.post(f"{address}/sign-in/plex", json={"token": token})
    assert said.status_code == 200, said.text
    return httpx.Client(
        base_url=address,
        headers={"Authorization": f"Bearer {said.json()['session']}"},
        timeout=60,
    )


def submit(client: httpx.Client, **more: object) -> UUID:
    """A job of this person."""
    asked = {"template_path": "/ads/spot.aep", "output_path": "/renders/spot.mov"}
    said = client.post("/jobs", json=asked | more)
    assert said.status_code == 201, said.text
    return UUID(said.json()["id"])
