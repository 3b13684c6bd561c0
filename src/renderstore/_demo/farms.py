"""The demo on several farms: people on each, workers that take from all of them in turn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from time import sleep

from renderstore import ops
from renderstore._demo.cast import CHECKER, WORKERS, declare, gather
from renderstore._demo.crew import render, work
from renderstore._demo.play import LAST_S, PATIENCE_S, SWEEP_EVERY_S, submit_any
from renderstore._demo.stage import Troupe
from renderstore._scope.farms import AWAY
from renderstore.errors import UserMoving
from renderstore.identity import users
from renderstore.store import FarmScope, FarmStore
from renderstore.work import JobKind, JobStatus, jobs

_TICK_S = 0.2
_FIRST = 3
_BUSY = (UserMoving, *AWAY)
"""What somebody who moves, or whose farm is away, answers."""
_ENDS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class FarmTroupe(Troupe):
    """One run of the demo on several farms."""

    def __init__(self, store: FarmStore) -> None:
        for each in store.farms.values():
            declare(each)
        super().__init__(gather(store.home, len(store.farms)))
        self.store = store
        # Replication brings them.
        for farm in store.farms.values():
            for person in self.people.values():
                while farm.auth().run(users.find_farm, id=person.id) is None:
                    sleep(0.02)

    def user(self, name: str) -> FarmScope:
        """One person's rows, where the person lives."""
        return self.store.user(self.people[name].id)


class FarmPlay(Thread):
    """The demo as a thread, which ends when all that it began has ended."""

    def __init__(self, troupe: FarmTroupe, seconds: float) -> None:
        super().__init__(name="demo")
        self.troupe, self.seconds = troupe, seconds
        self._submit_at = self._sweep_at = 0.0
        self._workers = [
            Thread(
                target=work,
                args=(troupe, troupe.store, each, render),
                name=each.name,
                daemon=True,
            )
            for each in WORKERS
            if each.kind is JobKind.RENDER
        ]

    def run(self) -> None:
        """From the first job to the last tidying up."""
        troupe = self.troupe
        for each in self._workers:
            each.start()
        try:
            self._play()
        except Exception as error:
            troupe.fail(error)
        if troupe.asked.is_set():
            troupe.say("It ends: what runs is given back, what waits is cancelled.")
        troupe.leaving.set()
        for each in self._workers:
            each.join()
        for name in troupe.people:
            with suppress(*_BUSY):
                troupe.cancel_all(name)
        troupe.over.set()

    def _play(self) -> None:
        troupe = self.troupe
        troupe.say(
            f"{len(troupe.people)} people live on {len(troupe.store.farms)} farms;"
            f" {len(self._workers)} workers take from all of them in turn."
        )
        for name in list(troupe.people) * _FIRST:
            self._attempt(partial(troupe.submit, name))
        is_closing = False
        while not troupe.asked.wait(_TICK_S):
            self._keep_up()
            if troupe.elapsed < self.seconds - LAST_S:
                self._submit()
            elif not is_closing:
                is_closing = True
                troupe.say("Nothing new comes any more; what there is, is rendered.")
            elif troupe.elapsed >= self.seconds and (
                troupe.elapsed > self.seconds + PATIENCE_S or not self._is_busy()
            ):
                return

    def _keep_up(self) -> None:
        """What `renderstore sweep` does once a minute."""
        if self.troupe.elapsed >= self._sweep_at:
            self._sweep_at = self.troupe.elapsed + SWEEP_EVERY_S
            self.troupe.store.each(lambda farm: farm.worker(CHECKER).run(ops.sweep))

    def _submit(self) -> None:
        troupe = self.troupe
        if troupe.elapsed >= self._submit_at:
            self._submit_at = troupe.elapsed + troupe.random.uniform(0.2, 0.8)
            self._attempt(partial(submit_any, troupe))

    def _attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except _BUSY as error:
            self.troupe.say(f"Somebody submits in vain: {' '.join(str(error).split())}")

    def _is_busy(self) -> bool:
        try:
            return self.troupe.is_busy()
        except _BUSY:
            return False


HEADS = ("farm", *(str(each) for each in _ENDS), "who")


def summary(troupe: FarmTroupe) -> list[tuple[str, ...]]:
    """Who lives where, and what became of their jobs, of earlier demos too."""
    rows: list[tuple[str, ...]] = []
    for name, person in troupe.people.items():
        farm_id = troupe.store.home.auth().run(users.find_farm, id=person.id)
        became = dict.fromkeys(_ENDS, "?")
        with suppress(*_BUSY):
            found = troupe.user(name).run(jobs.count_by_status)
            became = dict.fromkeys(_ENDS, "0")
            became |= {each.status: str(each.jobs) for each in found}
        rows.append((str(farm_id), *(became[each] for each in _ENDS), name))
    return sorted(rows)
