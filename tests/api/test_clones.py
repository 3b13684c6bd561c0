"""The plugin's clones are made ahead and dropped behind, and lie in memory where there is room."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import psycopg
import pytest

from renderstore import server
from renderstore.server import MEMORY, fits_in_memory
from renderstore.testing import Database, Server
from renderstore.testing.clones import made_ahead


class Maker:
    """Names databases that are nowhere, and waits before each but the first."""

    def __init__(self) -> None:
        self.may_go_on = Event()
        self.made = 0
        self.dropped: list[str] = []
        self.broken = False

    def clone(self) -> Database:
        if self.made:
            self.may_go_on.wait()
        if self.broken:
            raise psycopg.OperationalError("no more")
        self.made += 1
        return Database(name=str(self.made), url="", owner_url="", admin_url="")

    def drop(self, database: Database) -> None:
        self.dropped.append(database.name)
        raise psycopg.OperationalError("already gone")


def test_a_clone_is_there_before_it_is_wanted() -> None:
    maker = Maker()
    with made_ahead(maker) as clones:
        # The second is not made yet, so this one was not waited for.
        assert clones.take().name == "1"
        maker.may_go_on.set()
        assert [clones.take().name, clones.take().name] == ["2", "3"]


def test_nobody_waits_for_a_drop_and_all_are_done_at_the_end() -> None:
    maker = Maker()
    with made_ahead(maker) as clones:
        first = clones.take()
        # The hand is busy with the next clone: giving back only asks.
        clones.give_back(first)
        assert maker.dropped == []
        maker.may_go_on.set()
        clones.give_back(clones.take())
    assert maker.dropped == ["1", "2"]


def test_a_clone_that_cannot_be_made_fails_the_test_that_asks() -> None:
    maker = Maker()
    with made_ahead(maker) as clones:
        clones.take()
        maker.broken = True
        maker.may_go_on.set()
        with pytest.raises(psycopg.OperationalError, match="no more"):
            clones.take()


def test_a_throw_away_server_lies_in_memory_where_there_is_room(
    renderstore_server: Server,
) -> None:
    with renderstore_server.admin() as conn:
        found = conn.execute("show data_directory").fetchone()
        flushes = conn.execute("show fsync").fetchone() == ("on",)
    assert found is not None
    if "://" in renderstore_server.kind:
        pytest.skip("a given server lies where it lies")
    folder = Path(str(found[0]))
    in_memory = folder.is_relative_to(MEMORY) or folder.is_relative_to("/renderstore")
    assert not flushes
    assert in_memory or not fits_in_memory()


def test_a_chosen_folder_or_a_full_memory_keeps_servers_on_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(server, "ROOM", 1)
    monkeypatch.setattr(server, "MEMORY", Path("/tmp"))
    assert fits_in_memory()
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert not fits_in_memory()
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(server, "ROOM", 1 << 60)
    assert not fits_in_memory()
    monkeypatch.setattr(server, "ROOM", 1)
    monkeypatch.setattr(server, "MEMORY", Path("/nowhere"))
    assert not fits_in_memory()
