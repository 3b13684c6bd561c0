"""Heartbeats from a thread, for as long as a render keeps the event loop from sending them."""

from __future__ import annotations

import sys
import threading
from sysconfig import get_path
from time import monotonic
from traceback import walk_stack

from renderstore._scope.sync.store import SyncStore
from renderstore.settings import Settings
from renderstore.work import jobs
from renderstore.worker._job import Holdings, duration, log
from renderstore.worker._reach import Reach
from renderstore.worker._settings import WorkerSettings


class Substitute:
    """Steps in when the loop has not gone on for as long as a heartbeat takes to be due. Only then it has a connection."""

    def __init__(
        self,
        label: str,
        name: str,
        store: Settings,
        settings: WorkerSettings,
        holdings: Holdings,
        reach: Reach,
    ) -> None:
        self._label, self._name = label, name
        self._store, self._settings = store, settings
        self._holdings, self._reach = holdings, reach
        self.beat_every = settings.beat_every
        self._loop = 0
        self._seen_at = monotonic()
        self._has_acted = False
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, name=f"{label} substitute", daemon=True
        )

    def begin(self) -> None:
        """Watch the loop that runs in this thread."""
        self._loop = threading.get_ident()
        self.see()
        self._thread.start()

    def see(self) -> None:
        """The loop goes on."""
        self._seen_at = monotonic()

    def has_acted(self) -> bool:
        """Whether it did since this was asked."""
        has_acted, self._has_acted = self._has_acted, False
        return has_acted

    def end(self) -> None:
        """Wait for its end."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._seen_at + self.beat_every - monotonic()):
            if monotonic() >= self._seen_at + self.beat_every:
                self._act()

    def _act(self) -> None:
        seen_at = self._seen_at
        log.warning(
            "%s: the event loop has not gone on for %s. A thread sends the heartbeats; nothing else of"
            " this worker goes on. It stands %s.",
            self._label,
            duration(monotonic() - seen_at),
            _place(self._loop),
        )
        with SyncStore(self._store) as store:
            while self._seen_at == seen_at:
                self._beat(store)
                self._has_acted = True
                if self._over.wait(self.beat_every):
                    return
        log.warning("%s: the event loop goes on again.", self._label)

    def _beat(self, store: SyncStore) -> None:
        if not (held := self._holdings.all()):
            return
        try:
            self._holdings.hear(
                held,
                store.worker(self._name).run(
                    jobs.heartbeat_many,
                    **Holdings.told(held),
                    lease=self._settings.lease_interval,
                ),
            )
            self._reach.answered()
        except Exception as error:  # it tries again
            self._reach.failed("send a heartbeat", error)


def _place(thread_id: int) -> str:
    """Where this thread is, in its caller's own code where that can be told from what is installed."""
    frames_by_thread = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
    if (top := frames_by_thread.get(thread_id)) is None:
        return "nowhere"
    installed = tuple(map(get_path, ("stdlib", "purelib", "platlib")))
    frame = next(
        (
            each
            for each, _ in walk_stack(top)
            if not each.f_code.co_filename.startswith(installed)
        ),
        top,
    )
    return f"in {frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})"
