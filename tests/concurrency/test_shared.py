"""One store a process: renderstore.shared."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from psycopg import Connection
from tests.colours.sync import all_at_once

from renderstore import errors, shared
from renderstore._scope.sync.bound import cursor
from renderstore.store import SyncStore
from renderstore.testing import Database

WHO = b"select current_setting('renderstore.user_id'), pg_backend_pid()"


def who(conn: Connection[Any]) -> Any:
    return cursor(conn).execute(WHO).fetchone()


@pytest.fixture
def process_store(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> Generator[SyncStore]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    yield shared.store()
    shared.close()


def test_the_shared_store_is_one_for_all_threads(process_store: SyncStore) -> None:
    seen: set[int] = set()

    def look(_: int) -> None:
        seen.add(id(shared.store()))

    assert all_at_once(30, look) == []
    assert seen == {id(process_store)}


def test_the_shared_store_survives_a_reload(process_store: SyncStore) -> None:
    import importlib
    import sys

    first = process_store.auth().run(who)
    del sys.modules["renderstore.shared"]
    again = importlib.import_module("renderstore.shared")
    assert again is not shared
    assert again.store() is process_store
    assert again.store().auth().run(who) == first


def test_the_shared_store_follows_another_address(
    process_store: SyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDERSTORE_POOL_SIZE", "3")
    another = shared.store()
    assert another is not process_store
    assert another.settings.pool_size == 3
    with pytest.raises(errors.StoreClosed):
        process_store.auth().run(who)


def test_the_shared_store_speaks_for_itself_after_a_fork(
    process_store: SyncStore,
) -> None:
    (_, ours) = process_store.auth().run(who)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(shared.store().auth().run(who)[1]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert int(answer.read()) != ours
    os.waitpid(child, 0)
    assert process_store.auth().run(who)[1] == ours
