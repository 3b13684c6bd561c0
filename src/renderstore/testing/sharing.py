"""One server for all processes of a run: the workers of pytest-xdist ask the controller."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from threading import Lock, Thread

from renderstore.server import ServerError
from renderstore.testing.servers import Server, running_server


class Keeper:
    """Starts the run's server when it is first wanted, and stops it at the run's end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = Lock()
        self._stack = ExitStack()
        self._server: Server | None = None
        self._reason: str | None = None
        self._key = secrets.token_bytes(16)
        self._listener: Listener | None = None

    def server(self) -> Server:
        """The run's server; whoever asks first waits for its start."""
        with self._lock:
            if self._reason is not None:
                raise ServerError(self._reason)
            if self._server is None:
                try:
                    self._server = self._stack.enter_context(
                        running_server(say=self._say)
                    )
                except Exception as error:
                    self._reason = str(error)
                    raise
            return self._server

    def desk(self) -> str:
        """Where another process of this run asks for the server."""
        if self._listener is None:
            self._listener = Listener(("127.0.0.1", 0), authkey=self._key)
            Thread(target=self._answer, args=[self._listener], daemon=True).start()
        return f"{self._listener.address[1]} {self._key.hex()}"

    def close(self) -> None:
        """Stop the server, if it was started."""
        with self._lock:
            self._reason = "The test run is over."
            self._stack.close()

    def _answer(self, listener: Listener) -> None:
        while True:
            with (
                contextlib.suppress(OSError, EOFError, AuthenticationError),
                listener.accept() as asking,
            ):
                try:
                    asking.send((self.server().to_json(), None))
                except Exception as error:
                    asking.send((None, str(error)))


def ask(desk: str) -> Server:
    """The server of the run that has this desk."""
    port, key = desk.split()
    with Client(("127.0.0.1", int(port)), authkey=bytes.fromhex(key)) as asking:
        server, reason = asking.recv()
    if server is None:
        raise ServerError(reason)
    return Server.from_json(server)
