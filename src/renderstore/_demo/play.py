"""Have it happen, and put everything in order, however it ends."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

import psycopg

from renderstore import ops
from renderstore._demo.cast import (
    CHECKER,
    DYING,
    SERVICES,
    find_services,
)
from renderstore._demo.crew import FLAWS, Crew
from renderstore._demo.scenes import ROUND_S, SCENES, put_away
from renderstore._demo.stage import Ready, Scene, Stage, Troupe, key
from renderstore.errors import LeaseLost, Unreachable
from renderstore.ops import ServiceState, services
from renderstore.work import jobs, workers

SHORTEST_S = 10.0
LAST_S = 5.0
"""So long before its end nothing new comes, so that what there is can be rendered."""
PATIENCE_S = 60.0
"""How long after its end the demo waits for that; what waits even then is cancelled."""
_TICK_S = 0.2
_CHECK_EVERY_S = 2.0
SWEEP_EVERY_S = 60.0
_AWAY = (Unreachable, psycopg.OperationalError)


class Play(Thread):
    """The demo as a thread, which ends when all that it began has ended."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        super().__init__(name="demo")
        self.stage, self.seconds = stage, seconds
        self.crew = Crew(stage)
        self._scenes: list[tuple[Scene, Ready]] = []
        self._stretch = max(1.0, min(4.0, (seconds - SHORTEST_S) / 5))
        self._rounds = 0
        self._next = 0
        self._submit_at = 5.0
        self._check_at = 0.0
        self._sweep_at = 0.0

    def run(self) -> None:
        """From the first scene to the last tidying up."""
        try:
            find_services(self.stage.store)
            self._play()
        except Exception as error:
            self.stage.fail(error)
        self._tidy()
        self.stage.over.set()

    def _tidy(self) -> None:
        stage = self.stage
        stage.leaving.set()
        if isinstance(stage.failure, _AWAY):
            return  # nobody can be told anything: the leases run out
        if stage.asked.is_set():
            stage.say("It ends: what runs is given back, what waits is cancelled.")
        # One after the other, whatever becomes of the one before.
        for each in (self.crew.end, self._close_services, self._leave_nothing):
            try:
                each()
            except _AWAY as error:
                stage.fail(error)
                return
            except Exception as error:
                stage.fail(error)

    def _play(self) -> None:
        stage = self.stage
        is_closing = False
        while not stage.asked.wait(_TICK_S):
            is_open = stage.elapsed < self.seconds - LAST_S
            if is_open:
                self._begin_scenes()
                self._submit()
            elif not is_closing:
                is_closing = True
                stage.say("Nothing new comes any more; what there is, is rendered.")
            if stage.ready.is_set() and not self.crew.is_at_work:
                self.crew.begin()
            self._check()
            self._keep_up()
            self._scenes = [
                (scene, ready)
                for scene, before in self._scenes
                if (ready := _go_on(scene, before)) is not None
            ]
            if is_closing and stage.elapsed >= self.seconds:
                if not self._scenes and not stage.is_busy():
                    return
                if stage.elapsed > self.seconds + PATIENCE_S:
                    stage.say("What waits even now is cancelled.")
                    return

    def _begin_scenes(self) -> None:
        while True:
            if self._next == len(SCENES):
                self._rounds, self._next = self._rounds + 1, 0
            at, scene = SCENES[self._next]
            if self.stage.elapsed < self._rounds * ROUND_S + at * self._stretch:
                return
            self._scenes.append((scene(self.stage), lambda: True))
            self._next += 1

    def _submit(self) -> None:
        """What comes by itself, of anybody."""
        stage = self.stage
        if stage.elapsed < self._submit_at:
            return
        self._submit_at = stage.elapsed + stage.random.uniform(0.5, 1.5)
        submit_any(stage)

    def _check(self) -> None:
        """What a checker finds of the services."""
        stage = self.stage
        if stage.elapsed < self._check_at:
            return
        self._check_at = stage.elapsed + _CHECK_EVERY_S
        checker = stage.store.worker(CHECKER)
        for service in SERVICES:
            is_broken = service in stage.broken
            stage.states[service] = checker.run(
                services.record_check,
                id=service,
                state=ServiceState.DOWN if is_broken else ServiceState.UP,
                response_ms=None if is_broken else stage.random.randrange(8, 60),
                message="502 Bad Gateway" if is_broken else None,
            )

    def _keep_up(self) -> None:
        """What `renderstore sweep` does once a minute."""
        stage = self.stage
        if stage.elapsed < self._sweep_at:
            return
        self._sweep_at = stage.elapsed + SWEEP_EVERY_S
        for part in stage.store.worker(CHECKER).run(ops.sweep, max_rows=1000):
            if part.problem is not None:
                stage.say(f"The sweep could not do {part.what}: {part.problem}")

    # Tidying up

    def _close_services(self) -> None:
        """They answer again, and nobody is asked to check what is not there."""
        self.stage.broken.clear()
        self._check_at = 0
        self._check()
        with self.stage.store.admin(reason="demo") as conn:
            for service in SERVICES:
                services.update(conn, id=service, is_enabled=False)

    def _leave_nothing(self) -> None:
        """No lease that runs on, no job that waits for workers which are gone."""
        stage = self.stage
        mini = stage.store.worker(DYING)
        if (claim := stage.abandoned) is not None:
            with suppress(LeaseLost):
                mini.run(jobs.release, **key(claim))
        # Who watches a demo to its end finds one silent worker; who ends it early finds none.
        if stage.asked.is_set() or not stage.is_silent:
            mini.run(workers.stop)
        for name in stage.people:
            stage.cancel_all(name)
        put_away(stage)


def submit_any(troupe: Troupe) -> None:
    """What comes by itself, of anybody."""
    chance = troupe.random
    flaws = list(FLAWS) if chance.random() < 0.12 else ["spot.aep"]
    troupe.submit(
        chance.choice(list(troupe.people)),
        chance.choice(flaws),
        priority=chance.randrange(3, 6),
        is_gpu=chance.random() < 0.2,
    )


def _go_on(scene: Scene, ready: Ready) -> Ready | None:
    """What the scene waits for next; None at its end."""
    if not ready():
        return ready
    return next(scene, None)
