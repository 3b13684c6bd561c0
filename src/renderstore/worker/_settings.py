"""What a worker is told, whichever colour it has. Checked when it is made, so that no job pays for a slip."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite

from renderstore.errors import Misconfigured
from renderstore.work import JobKind

_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker goes about its work; times are seconds."""

    kinds: Sequence[JobKind] = (JobKind.RENDER,)
    """The kinds of job that it takes."""
    labels: Sequence[str] = ()
    """What it offers."""
    version: str | None = None
    """The version of its program, in its own words."""
    concurrency: int = 1
    """How many jobs it runs at once, up to 1000."""
    batch: int = 1
    """How many jobs a claim takes, to be run one after the other and reported together: for jobs of milliseconds."""
    lease: float = 60.0
    """How long a job stays its own when nothing is heard of it, 1 second to a day. It reports three times as often."""
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

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "kinds", _kinds(self.kinds))
        set_(self, "labels", _texts("labels", self.labels, "['gpu']"))
        _version(self.version)
        _whole("concurrency", self.concurrency, "jobs that run at once", 1000)
        _whole("batch", self.batch, "jobs that a claim takes", 10_000)
        _seconds("lease", self.lease, 1.0)
        _seconds("grace", self.grace, 0.0)
        _seconds("poll", self.poll, 0.01)
        _seconds("sweep_every", self.sweep_every, 0.01)

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


def check_name(name: object) -> None:
    """A worker's name is what jobs.held_by shows."""
    if not isinstance(name, str) or not name.strip():
        raise Misconfigured(
            f"A worker's name is a text that is not empty, not {name!r}."
        )
    if len(name) > 200 or not name.isprintable():
        raise Misconfigured(
            "A worker's name has 1 to 200 characters and no control characters."
        )


# What the types say is not what every caller gives.


def _version(given: object) -> None:
    if given is not None and not isinstance(given, str):
        raise Misconfigured(f"A worker's version is a text, not {given!r}.")


def _kinds(given: object) -> tuple[JobKind, ...]:
    names = ", ".join(JobKind)
    texts = _texts("kinds", given, "[JobKind.RENDER]")
    if not texts:
        raise Misconfigured(
            f"A worker names the kinds of job that it takes, one or more of {names}."
        )
    for each in texts:
        if each not in list(JobKind):
            raise Misconfigured(f"There is no kind of job {each!r}: there are {names}.")
    return tuple(dict.fromkeys(JobKind(each) for each in texts))


def _texts(what: str, given: object, example: str) -> tuple[str, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise Misconfigured(
            f"A worker's {what} are a list, such as {example}, not {given!r}."
        )
    found: list[str] = []
    for each in given:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(each, str) or not each:
            raise Misconfigured(
                f"Each of a worker's {what} is a text that is not empty, not {each!r}."
            )
        found.append(each)
    return tuple(found)


def _whole(name: str, given: object, what: str, most: int) -> None:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= most:
        raise Misconfigured(
            f"{name} is how many {what}, a whole number from 1 to {most}, not {given!r}."
        )


def _seconds(name: str, given: object, least: float) -> None:
    if (
        not isinstance(given, int | float)
        or isinstance(given, bool)
        or not isfinite(given)
        or not least <= given <= _DAY
    ):
        raise Misconfigured(
            f"{name} is a number of seconds from {least:g} to {_DAY:g} (a day), not {given!r}."
        )
