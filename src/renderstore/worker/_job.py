"""A job in a worker's hands, and how its run can end. What both colours share."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from logging import getLogger
from uuid import UUID

from renderstore.work import JobKind
from renderstore.work.area import SweepRow
from renderstore.work.jobs import HeartbeatManyRow

log = getLogger("renderstore.worker")


class RenderFailed(Exception):  # noqa: N818 (it is the outcome, not the rule)
    """Raise it to say why a job failed: work.error_classes says which classes are tried again."""

    def __init__(
        self,
        message: str,
        *,
        error_class: str = "unknown",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file that a render made."""

    path: str
    size_bytes: int | None = None
    media_type: str | None = None


class Reason(StrEnum):
    """Why a job should stop."""

    CANCELLED = "cancelled"
    LOST = "lost"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Finished:
    """The render returned."""

    outputs: Sequence[Output] = ()


DONE = Finished()
"""The render returned, and made no files."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The render raised."""

    error_class: str
    message: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The render was told to stop, or never began."""

    reason: Reason


Outcome = Finished | Failed | Stopped

# What an exception says of itself when it is not RenderFailed. The first that fits.
_CLASSES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timeout"),
    (ConnectionError, "network"),
    (OSError, "storage"),
)


def failure(error: BaseException) -> Failed:
    """The failure that an exception means."""
    if isinstance(error, RenderFailed):
        return Failed(error.error_class, clean(error.message), error.exit_code)
    found = [name for kind, name in _CLASSES if isinstance(error, kind)]
    return Failed(
        found[0] if found else "unknown",
        clean(f"{type(error).__name__}: {error}"),
        None,
    )


def clean(text: str) -> str:
    """Text as PostgreSQL can store it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


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
        self.percent = 0
        self._lock = threading.Lock()
        self._is_reported = False

    def __repr__(self) -> str:
        return f"job {self.id} (attempt {self.attempt})"

    def stop(self, reason: Reason) -> None:
        """Tell the render to stop. The first reason stays."""
        with self._lock:
            if self.reason is not None or self._is_reported:
                return
            self.reason = reason
        log.info("%r should stop: %s", self, reason)
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
        """What is held now."""
        with self._lock:
            return list(self._held.values())

    @staticmethod
    def hear(sent: Sequence[HeldJob], answers: Sequence[HeartbeatManyRow]) -> None:
        """Tell the jobs what the heartbeat's answer said of them."""
        said = {row.id: row.is_cancel_requested for row in answers}
        for job in sent:
            if job.id not in said:
                job.stop(Reason.LOST)
            elif said[job.id]:
                job.stop(Reason.CANCELLED)


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
