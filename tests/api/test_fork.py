"""A process that forks while it holds a store."""

from __future__ import annotations

import os
from typing import Any

from psycopg import Connection

from renderstore._scope.sync.bound import cursor
from renderstore.store import connect
from renderstore.testing import Database


def pid(conn: Connection[Any]) -> Any:
    return cursor(conn).execute(b"select pg_backend_pid()").fetchone()


def test_a_child_after_a_fork_uses_connections_of_its_own(database: Database) -> None:
    with connect(database.url) as store:
        (ours,) = store.auth().run(pid)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, str(store.auth().run(pid)[0]).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            theirs = int(answer.read())
        os.waitpid(child, 0)
        assert theirs != ours
        assert store.auth().run(pid) == (ours,)
