"""A job in a worker's hands. What both colours share."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Sequence
from logging import getLogger
from math import isfinite
from typing import TypedDict
from uuid import UUID

from renderstore.work import JobKind
from renderstore.work.area import SweepRow
from renderstore.work.jobs import HeartbeatManyRow
from renderstore.worker._outcomes import Outcome, Reason, Stopped

log = getLogger("renderstore.worker")


class HeldJob:
    """A claimed job: its keys, and what its holder knows of it."""

    def __init__(self, user_id: UUID, id: UUID, attempt: int, kind: JobKind) -> None:
        self.user_id = user_id
        self.id = id
        self.attempt = attempt
        """The fence: a report with another attempt is refused."""
        self.kind = kind
        self.reason: Reason | None = None
        """Why it should stop; None while it should not."""
        self._percent = 0
        self._lock = threading.Lock()
        self._is_reported = False

    def __repr__(self) -> str:
        return f"job {self.id} (attempt {self.attempt})"

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return self._percent

    @property
    def is_reported(self) -> bool:
        """Whether its end is reported, or being reported: no heartbeat carries it any more."""
        return self._is_reported

    def stop(self, reason: Reason) -> None:
        """Tell the render to stop. The first reason stays."""
        with self._lock:
            if self.reason is not None or self._is_reported:
                return
            self.reason = reason
        log.info("%r should stop: %s.", self, _WHY[reason])
        self._interrupt()

    @abstractmethod
    def _interrupt(self) -> None:
        """Reach the render."""

    def take_report(self) -> bool:
        """Whether the caller is the first to report this job's end, and so the one who does."""
        with self._lock:
            first, self._is_reported = not self._is_reported, True
        return first

    def judge(self, outcome: Outcome) -> Outcome:
        """What is reported: who was told to stop has stopped, however the render ended."""
        return outcome if self.reason is None else Stopped(self.reason)


_WHY = {
    Reason.CANCELLED: "somebody cancelled it",
    Reason.LOST: "its lease was lost, and somebody else may hold it",
    Reason.SHUTDOWN: "the worker ends",
}


class Told(TypedDict):
    """A heartbeat's jobs, as its query takes them."""

    user_ids: list[UUID]
    ids: list[UUID]
    attempts: list[int]
    progresses: list[int]


class Holdings:
    """The jobs that a worker holds at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[UUID, HeldJob] = {}

    def add(self, job: HeldJob) -> None:
        """From now on heartbeats carry it."""
        with self._lock:
            self._held[job.id] = job

    def remove(self, job: HeldJob) -> None:
        """Its end was reported, or refused."""
        with self._lock:
            if self._held.get(job.id) is job:
                del self._held[job.id]

    def all(self) -> list[HeldJob]:
        """What is held now, but for what is being reported."""
        with self._lock:
            return [job for job in self._held.values() if not job.is_reported]

    @staticmethod
    def told(held: Sequence[HeldJob]) -> Told:
        """What a heartbeat says of these."""
        return {
            "user_ids": [job.user_id for job in held],
            "ids": [job.id for job in held],
            "attempts": [job.attempt for job in held],
            "progresses": [job.percent for job in held],
        }

    @staticmethod
    def hear(sent: Sequence[HeldJob], answers: Sequence[HeartbeatManyRow]) -> bool:
        """Tell the jobs what the heartbeat's answer said of them; whether one was lost."""
        said = {row.id: row.is_cancel_requested for row in answers}
        is_lost = False
        for job in sent:
            if job.id not in said:
                is_lost |= not job.is_reported
                job.stop(Reason.LOST)
            elif said[job.id]:
                job.stop(Reason.CANCELLED)
        return is_lost


def percentage(percent: object) -> int:
    """0 to 100, from any number; a sentence for what is none."""
    if not isinstance(percent, int | float) or not isfinite(percent):
        raise TypeError(f"Progress is a number from 0 to 100, not {percent!r}.")
    return int(max(0, min(100, percent)))


def duration(seconds: float) -> str:
    """For people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def counted(count: int, what: str) -> str:
    """1 job, 2 jobs."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def trouble(swept: Sequence[SweepRow]) -> None:
    """Parts of a sweep that failed: they did nothing, and the next one tries again."""
    for part in swept:
        if part.problem is not None:
            log.warning(
                "The sweep could not do its part (%s): %s", part.what, part.problem
            )


def dropped(job: HeldJob) -> None:
    """A result came too late: somebody else may hold the job by now."""
    log.warning(
        "%r: its lease was lost, or its end was reported before; the result is dropped.",
        job,
    )
