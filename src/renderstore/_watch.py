"""How the farm stands at one moment: what `just watch` shows, read by a reader in one short transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter

from renderstore._life import ENDED
from renderstore._rows import Json
from renderstore.ops import watch
from renderstore.ops.watch import (
    Farm,
    LockWait,
    Outcomes,
    WatchedService,
    WatchedUser,
    WatchedWorker,
)
from renderstore.store import SyncStore
from renderstore.work.enums import JobStatus

MAX_ROWS = 20
MINUTES = 60
LATELY = 10
"""How many of the last minutes say how fast the line moves."""
_FEW = 3
"""So few jobs that ended say nothing of a rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What failed in the last hour with one class."""

    error_class: str | None
    """Null for all classes beyond the most frequent."""
    ended: int
    """Attempts after which the job has failed."""
    again: int
    """Attempts after which it is tried again."""
    is_retried: bool
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the farm."""

    database: str
    host: str
    took_ms: float
    farm: Farm
    workers: Sequence[WatchedWorker]
    users: Sequence[WatchedUser]
    outcomes: Sequence[Outcomes]
    services: Sequence[WatchedService]
    lock_waits: Sequence[LockWait]

    @property
    def waiting(self) -> int:
        """How many jobs stand in the line."""
        return self.users[0].all_waits if self.users else 0

    @property
    def is_estimated(self) -> bool:
        """Whether the line was too long to be counted."""
        return self.farm.is_long

    def became(self, status: JobStatus) -> int:
        """How many jobs became this in the last hour."""
        return sum(each.jobs for each in self.outcomes if each.after is status)

    @property
    def tried_again(self) -> int:
        """How many attempts failed in the last hour after which the job is tried again."""
        return sum(each.jobs for each in self.outcomes if each.after not in ENDED)

    @property
    def failures(self) -> list[Failures]:
        """The last hour's, the most frequent class first."""
        by_class: dict[str | None, Failures] = {}
        for each in self.outcomes:
            if each.after in (JobStatus.COMPLETED, JobStatus.CANCELLED):
                continue
            is_end = each.after is JobStatus.FAILED
            so_far = by_class.get(each.error_class)
            by_class[each.error_class] = Failures(
                error_class=each.error_class,
                ended=(so_far.ended if so_far else 0) + each.jobs * is_end,
                again=(so_far.again if so_far else 0) + each.jobs * (not is_end),
                is_retried=each.is_retried,
                last_at=max(so_far.last_at, each.last_at) if so_far else each.last_at,
            )
        return sorted(
            by_class.values(),
            key=lambda each: (-each.ended - each.again, each.error_class or "~"),
        )

    @property
    def known_minutes(self) -> int:
        """How many of the last 60 minutes were read: fewer where more happened than is read."""
        if not self.outcomes:
            return MINUTES
        known = self.farm.read_at - self.outcomes[0].since_at
        return min(MINUTES, max(1, int(known.total_seconds() // 60)))

    @property
    def curve(self) -> list[int]:
        """How many jobs were completed in each of the known minutes, the present one last."""
        done = [0] * self.known_minutes
        for each in self.outcomes:
            if each.after is JobStatus.COMPLETED and each.minutes_ago < len(done):
                done[-1 - each.minutes_ago] += each.jobs
        return done

    @property
    def ended_lately(self) -> int:
        """How many jobs left the farm in the last minutes, whichever way."""
        return sum(
            each.jobs
            for each in self.outcomes
            if each.after in ENDED and each.minutes_ago < LATELY
        )

    @property
    def empty_in_s(self) -> float | None:
        """When all that waits and runs has ended, at the last minutes' rate and if nothing more comes; null where nobody knows."""
        left = self.waiting + self.farm.running + self.farm.validating
        if left == 0:
            return 0
        if self.ended_lately < _FEW:
            return None
        return left / self.ended_lately * 60 * min(LATELY, self.known_minutes)

    def as_json(self) -> dict[str, Json]:
        """The same for programs."""
        found = {
            **asdict(self),
            "waiting": self.waiting,
            "is_estimated": self.is_estimated,
            "failures": [asdict(each) for each in self.failures],
            "completed_by_minute": self.curve,
            "ended_lately": self.ended_lately,
            "empty_in_s": self.empty_in_s,
        }
        del found["outcomes"]
        plain: dict[str, Json] = json.loads(json.dumps(found, default=_written))
        return plain


def _written(value: object) -> str:
    """What JSON has no type for: times and identifiers."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def look(store: SyncStore) -> Seen:
    """Look once: as a reader, in one transaction, which takes no lock that anybody waits for."""
    begun = perf_counter()
    with store.readonly(at_primary=True) as conn:
        farm = watch.count_farm(conn)
        workers = watch.list_workers(conn, max_rows=MAX_ROWS)
        users = watch.list_users(
            conn, is_long=farm.is_long, percent=farm.percent, max_rows=MAX_ROWS
        )
        outcomes = watch.list_outcomes(conn)
        services = watch.list_services(conn, max_rows=MAX_ROWS)
        lock_waits = watch.list_lock_waits(conn, max_rows=MAX_ROWS)
    return Seen(
        database=store.settings.dbname,
        host=store.settings.host,
        took_ms=(perf_counter() - begun) * 1000,
        farm=farm,
        workers=workers,
        users=users,
        outcomes=outcomes,
        services=services,
        lock_waits=lock_waits,
    )
