"""Clones made ahead: a test waits neither for its database nor for the end of the last one's."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

import psycopg

from renderstore.testing.servers import Database

_MAKE, _END = object(), object()


class Maker(Protocol):
    """What of a server is needed here."""

    def clone(self) -> Database: ...
    def drop(self, database: Database) -> None: ...


@dataclass(frozen=True, slots=True)
class Clones:
    """Takes one clone more than tests have asked for, and drops what they give back."""

    server: Maker
    _work: SimpleQueue[object] = field(default_factory=SimpleQueue[object])
    _made: SimpleQueue[Database | Exception] = field(
        default_factory=SimpleQueue[Database | Exception]
    )

    def take(self) -> Database:
        """A clone of this caller's own."""
        self._work.put(_MAKE)
        made = self._made.get()
        if isinstance(made, Exception):
            raise made
        return made

    def give_back(self, database: Database) -> None:
        """Have a clone dropped, whoever is connected; nobody waits for it."""
        self._work.put(database)

    def serve(self) -> None:
        """Make one, and do what is asked for, in turn, until the end."""
        self._work.put(_MAKE)
        while (work := self._work.get()) is not _END:
            if isinstance(work, Database):
                # What stays for any reason goes with the run.
                with contextlib.suppress(psycopg.Error):
                    self.server.drop(work)
            else:
                try:
                    self._made.put(self.server.clone())
                except Exception as error:  # the test that asked raises it
                    self._made.put(error)

    def end(self) -> None:
        """Do what was asked for so far, and no more."""
        self._work.put(_END)


@contextlib.contextmanager
def made_ahead(server: Maker) -> Generator[Clones]:
    """Clones for this process, made and dropped beside its tests."""
    clones = Clones(server)
    hand = Thread(target=clones.serve, daemon=True)
    hand.start()
    try:
        yield clones
    finally:
        clones.end()
        hand.join()
