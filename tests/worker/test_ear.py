"""Threads that wait for the first time at once share one connection."""

from __future__ import annotations

import threading
import time

import pytest

from renderstore._scope.sync import store as stores
from renderstore._scope.sync.ear import Ear
from renderstore.settings import Settings
from renderstore.store import connect


def test_threads_that_come_at_once_share_an_ear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Ear):
        def __init__(self, settings: Settings) -> None:
            time.sleep(0.05)
            super().__init__(settings)

    monkeypatch.setattr(stores, "Ear", Slow)
    found: list[Ear] = []
    with connect("postgresql://nobody@127.0.0.1:1/nothing") as store:
        threads = [
            threading.Thread(target=lambda: found.append(store.ear)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({id(each) for each in found}) == 1
