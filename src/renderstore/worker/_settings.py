"""What a worker is told, whichever colour it has."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from renderstore.work import JobKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker goes about its work; times are seconds."""

    kinds: Sequence[JobKind] = (JobKind.RENDER,)
    """The kinds of job that it takes."""
    labels: Sequence[str] = ()
    """What it offers."""
    version: str | None = None
    concurrency: int = 1
    """How many jobs it runs at once."""
    batch: int = 1
    """How many jobs a claim takes, to be run one after the other and reported together: for jobs of milliseconds."""
    lease: float = 60.0
    """How long a job stays its own when nothing is heard of it. It reports three times as often."""
    grace: float = 30.0
    """How long a shutdown waits for what runs before it gives that back."""
    poll: float = 1.0
    """How often an idle worker looks that nobody can wake; one that listens looks ten times as seldom."""
    sweep_every: float = 10.0
    """How often it does what time asks of the queue, about."""
    listen: bool = True
    """Whether it waits by LISTEN; behind a transaction pooler it never does."""
    stop_when_empty: bool = False
    """Whether it returns once it finds nothing to do."""

    @property
    def lease_interval(self) -> timedelta:
        """The lease as PostgreSQL takes it."""
        return timedelta(seconds=self.lease)

    @property
    def kind_list(self) -> list[JobKind]:
        """The kinds that it takes, named."""
        return list(self.kinds)

    @property
    def beat_every(self) -> float:
        """How often it reports."""
        return self.lease / 3

    @property
    def fallback(self) -> float:
        """How long one that listens sleeps at most."""
        return self.poll * 10


def jittered(seconds: float) -> float:
    """About as long, so that workers do not act in step."""
    return seconds * random.uniform(0.75, 1.25)
