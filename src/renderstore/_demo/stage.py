"""What all who take part share: the store, who is there, what was submitted, what is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from random import Random
from threading import Event, Lock
from time import monotonic
from typing import Any
from uuid import UUID

from renderstore._demo.cast import ADMIN, GPU, LABEL
from renderstore._life import ENDED
from renderstore.errors import QuotaExceeded, TransitionRefused
from renderstore.identity.users import User
from renderstore.ops import ServiceState
from renderstore.render import jobs as renders
from renderstore.store import FarmScope, SyncScope, SyncStore
from renderstore.work import JobStatus, jobs
from renderstore.work.jobs import Claim, Job
from renderstore.worker import Job as Running

_LATEST = 4
_PAGE = 100
_WAITING = (JobStatus.PENDING, JobStatus.VALIDATING, JobStatus.QUEUED)
PROJECTS = ("Spring sale", "Title sequence", "Weather map")

Ready = Callable[[], bool]
Scene = Generator[Ready]
"""What happens, up to what it waits for next."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was told, and how many seconds after the beginning."""

    at: float
    text: str


def key(job: Claim | Running) -> dict[str, Any]:
    """What every report of a worker names: the job, and which of its attempts."""
    return {"user_id": job.user_id, "id": job.id, "attempt": job.attempt}


class Troupe:
    """One run of a demo, of one farm or of several: who is there, what they submit, what is told."""

    def __init__(self, people: dict[str, User]) -> None:
        self.people = people
        self.random = Random()
        self.lines: SimpleQueue[Line] = SimpleQueue()
        self.latest: deque[Line] = deque(maxlen=_LATEST)
        """What was told last, for a view that has no room for all."""
        self.asked = Event()
        """Somebody asked for the end, or something broke."""
        self.leaving = Event()
        """The workers end."""
        self.over = Event()
        """All have ended, and all is in order."""
        self.failure: BaseException | None = None
        self.submitted: list[UUID] = []
        self._lock = Lock()
        self._began = monotonic()
        self._numbers = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return monotonic() - self._began

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        line = Line(self.elapsed, text)
        self.latest.append(line)
        self.lines.put(line)

    def fail(self, error: BaseException) -> None:
        """End, and have this raised. The first one stays."""
        with self._lock:
            self.failure = self.failure or error
        self.asked.set()

    def user(self, name: str) -> SyncScope | FarmScope:
        """One person's rows."""
        raise NotImplementedError

    def submit(
        self,
        name: str,
        template: str = "spot.aep",
        *,
        priority: int = 5,
        is_gpu: bool = False,
        due_at: datetime | None = None,
    ) -> UUID | None:
        """The job that somebody submits; None where the plan allows no more."""
        self._numbers += 1
        folder = name.lower()
        try:
            made = self.user(name).run(
                renders.submit,
                template_path=f"/Volumes/ads/{folder}/{template}",
                output_path=f"/Volumes/renders/{folder}/spot-{self._numbers}.mov",
                project_name=self.random.choice(PROJECTS),
                output_name=f"Spot {self._numbers}",
                frame_start=1,
                frame_end=240,
                priority=priority,
                labels=[LABEL, GPU] if is_gpu else [LABEL],
                backoff_s=1,
                estimated_s=2,
                due_at=due_at,
            )
        except QuotaExceeded as refused:
            self.refused(name, refused)
            return None
        self.submitted.append(made.id)
        return made.id

    def refused(self, name: str, why: QuotaExceeded) -> None:
        """A plan's limit, which a demo that ran often meets too."""
        self.say(f"{name} is refused: {why.sentence}")

    def is_busy(self) -> bool:
        """Whether anybody has a job that has not ended."""
        return any(
            each.jobs
            for name in self.people
            for each in self.user(name).run(jobs.count_by_status)
            if each.status not in ENDED
        )

    def cancel_all(self, name: str) -> None:
        """What waits of one person's."""
        person = self.user(name)
        for status in _WAITING:
            before_id = None
            while found := person.run(
                jobs.list, status=status, before_id=before_id, page_size=_PAGE
            ):
                for each in found:
                    # Another one, which it needs, may have taken it along.
                    with suppress(TransitionRefused):
                        person.run(jobs.cancel, id=each.id, reason="The demo is over.")
                before_id = found[-1].id


class Stage(Troupe):
    """One run of the demo on one farm."""

    def __init__(self, store: SyncStore, people: dict[str, User]) -> None:
        super().__init__(people)
        self.store = store
        self.admin = store.admin(people[ADMIN].id)
        self.ready = Event()
        """The workers may begin."""
        self.abandoned: Claim | None = None
        self.is_silent = False
        """Whether a worker died and was not started again."""
        self.broken: set[str] = set()
        """The services that do not answer at the moment."""
        self.states: dict[str, ServiceState] = {}

    def user(self, name: str) -> SyncScope:
        """One person's rows."""
        return self.store.user(self.people[name].id)

    def after(self, seconds: float) -> Ready:
        """Whether so long has passed from now on."""
        until = self.elapsed + seconds
        return lambda: self.elapsed >= until

    def find(self, id: UUID) -> Job | None:
        """A job as it stands."""
        return self.admin.run(jobs.find_by_id, id=id)

    def ended(self, *ids: UUID) -> Ready:
        """Whether these jobs have ended."""

        def have() -> bool:
            found = [self.find(each) for each in ids]
            return all(each is None or each.status in ENDED for each in found)

        return have
