"""renderstore.checks: services asked over HTTP, each with its key, none waiting for another."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import pytest

from renderstore.checks import Checked, check_services, place_of_api_key
from renderstore.ops import ServiceState, services
from renderstore.secrets import Secret, decrypt, encrypt, generate_key, reencrypt
from renderstore.store import SyncStore, aconnect
from renderstore.testing import Database


class Answering(ThreadingHTTPServer):
    """Says what it is told to, and keeps what it was asked."""

    daemon_threads = True
    asked: list[tuple[str, str | None]]
    silent: threading.Event


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Answering)
        server.asked.append((self.path, self.headers.get("X-Plex-Token")))
        if self.path == "/silent":
            server.silent.wait()
        status = {"/broken": 503, "/elsewhere": 302}.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def answering() -> Generator[Answering]:
    with Answering(("127.0.0.1", 0), _Handler) as server:
        server.asked, server.silent = [], threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.silent.set()
        server.shutdown()


def checked(database: Database, keys: str, **given: float | bool) -> dict[str, Checked]:
    async def ask() -> dict[str, Checked]:
        async with aconnect(database.url) as store:
            found = await check_services(
                store,
                keys=lambda: keys,
                only_due=bool(given.get("only_due", True)),
                timeout=given.get("timeout", 30),
            )
        return {each.id: each for each in found}

    return anyio.run(ask)


def test_every_service_that_is_due_is_asked(
    database: Database, store: SyncStore
) -> None:
    keys = generate_key("one").reveal()
    admin = store.admin(reason="tests")
    with answering() as server:
        here = f"http://127.0.0.1:{server.server_port}"
        admin.run(services.set_url, id="plex", url=here + "/")
        admin.run(
            services.set_sealed_api_key,
            id="plex",
            api_key_sealed=encrypt(
                Secret("key"), place=place_of_api_key("plex"), keys=lambda: keys
            ),
        )
        for name in ("broken", "silent", "elsewhere"):
            admin.run(
                services.create,
                id=name,
                name=name,
                url=here,
                check_path=f"/{name}",
                failures_to_go_down=1,
            )
        admin.run(
            services.create,
            id="gone",
            name="gone",
            url="http://127.0.0.1:1",
            failures_to_go_down=2,
        )
        found = checked(database, keys, timeout=1)
        assert set(server.asked) == {
            ("/identity", "key"),
            ("/broken", None),
            ("/silent", None),
            ("/elsewhere", None),
        }
    assert (found["plex"].found, found["plex"].message) == (ServiceState.UP, None)
    assert found["elsewhere"].found is ServiceState.UP
    assert str(found["broken"]).endswith("It answered with status 503.")
    assert found["broken"].state is ServiceState.DOWN
    assert found["silent"].message == "It did not answer within 1 seconds."
    assert found["gone"].found is ServiceState.DOWN
    assert found["gone"].state is ServiceState.UNKNOWN
    assert checked(database, keys) == {}


def test_a_key_that_cannot_be_opened_is_said_and_not_sent(
    database: Database, store: SyncStore
) -> None:
    admin = store.admin(reason="tests")
    with answering() as server:
        admin.run(
            services.set_url, id="plex", url=f"http://127.0.0.1:{server.server_port}"
        )
        admin.run(services.set_sealed_api_key, id="plex", api_key_sealed=b"nonsense")
        found = checked(database, generate_key("one").reveal())
        assert server.asked == []
    assert found["plex"].message is not None
    assert found["plex"].message.startswith("It could not be asked: ")


def test_api_keys_are_sealed_again_with_the_first_key(store: SyncStore) -> None:
    old, new = generate_key("old").reveal(), generate_key("new").reveal()
    place = place_of_api_key("plex")
    admin, checker = store.admin(reason="tests"), store.worker("check")
    admin.run(
        services.set_sealed_api_key,
        id="plex",
        api_key_sealed=encrypt(Secret("key"), place=place, keys=lambda: old),
    )
    last = [*reencrypt(store, keys=lambda: f"{new},{old}")][-1]
    assert (last.seen, last.replaced) == (1, 1)
    sealed = checker.run(services.find_sealed_api_key, id="plex")
    assert sealed is not None
    assert decrypt(sealed, place=place, keys=lambda: new).reveal() == "key"


@pytest.mark.parametrize("id", ["plex", "overseerr"])
def test_a_sealed_key_opens_in_its_own_place_alone(id: str) -> None:
    assert str(place_of_api_key(id)).endswith(f"of row {id}")
