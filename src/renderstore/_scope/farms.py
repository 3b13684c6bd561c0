"""What both colours share of a store over farms: who lives where, answers of several farms, and how they are merged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg

from renderstore.errors import (
    Error,
    Misconfigured,
    PoolExhausted,
    TimedOut,
    Unreachable,
)
from renderstore.settings import Settings

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C")

AWAY = (Unreachable, PoolExhausted, TimedOut, psycopg.OperationalError)
"""A farm that answers so did not answer; any other error is the question's."""

AGAIN = 5.0
"""How many seconds a node that did not answer is asked last."""

_PATIENCE = 5.0
_KNOWN = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers(Generic[T]):
    """What the farms answered, and which did not."""

    by_farm: Mapping[int, T]
    away: Mapping[int, str]
    """Why each of these farms did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmRow(Generic[R]):
    """A row, and the farm that holds it."""

    farm_id: int
    row: R


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmPage(Generic[R, C]):
    """A page of all farms. The rows of a farm that did not answer come once it does: its cursor stays where it was."""

    rows: Sequence[FarmRow[R]]
    cursors: Mapping[int, C]
    """Where each farm was read to: what the next page is asked with."""
    away: Mapping[int, str]
    """Why each of these farms did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmProblem:
    """What disagrees with itself at a farm: a defect."""

    farm_id: int
    room: str
    user_id: UUID | None
    id: UUID | None
    problem: str


class Directory:
    """Who lives at which farm, as this program last heard. It never ends by time: RS010 puts it right."""

    def __init__(self, size: int = _KNOWN) -> None:
        self._size = size
        self._farms: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def find(self, user_id: UUID) -> int | None:
        """The farm, where it is known."""
        return self._farms.get(user_id)

    def note(self, user_id: UUID, farm_id: int) -> None:
        """From now on this is known; who was noted first is forgotten first."""
        with self._lock:
            if user_id not in self._farms and len(self._farms) >= self._size:
                del self._farms[next(iter(self._farms))]
            self._farms[user_id] = farm_id


def merge(
    found: Answers[Sequence[R]],
    *,
    cursor: Callable[[R], C],
    order: Callable[[R], Any],
    newest_first: bool,
    after: Mapping[int, C],
    page_size: int,
) -> FarmPage[R, C]:
    """The first rows of all. A farm's own order is kept, whatever the others hold."""
    choose = max if newest_first else min
    taken = dict.fromkeys(found.by_farm, 0)
    rows: list[FarmRow[R]] = []
    while len(rows) < page_size:
        heads = [
            (order(each[taken[farm_id]]), farm_id)
            for farm_id, each in found.by_farm.items()
            if taken[farm_id] < len(each)
        ]
        if not heads:
            break
        _, farm_id = choose(heads)
        rows.append(
            FarmRow(farm_id=farm_id, row=found.by_farm[farm_id][taken[farm_id]])
        )
        taken[farm_id] += 1
    cursors = {**after, **{each.farm_id: cursor(each.row) for each in rows}}
    return FarmPage(rows=rows, cursors=cursors, away=found.away)


def answers(farm_ids: Sequence[int], found: Sequence[T | BaseException]) -> Answers[T]:
    """What each farm gave; what is no sign of absence is raised."""
    by_farm: dict[int, T] = {}
    away: dict[int, str] = {}
    for farm_id, each in zip(farm_ids, found, strict=True):
        if isinstance(each, AWAY):
            away[farm_id] = (
                each.sentence
                if isinstance(each, Error)
                else " ".join(str(each).split())
            )
        elif isinstance(each, BaseException):
            raise each
        else:
            by_farm[farm_id] = each
    return Answers(by_farm=by_farm, away=away)


def impatient(settings: Settings, size: int) -> Settings:
    """For what goes to all farms: one that is away keeps nobody waiting for long."""
    patience = min(settings.pool_timeout, _PATIENCE)
    return replace(settings, pool_size=size, pool_timeout=patience, notes=())


def no_such_farm(farm_id: int, farm_ids: Sequence[int]) -> Misconfigured:
    """A farm that this program was not told of."""
    known = ", ".join(map(str, farm_ids))
    return Misconfigured(
        f"This program knows no farm {farm_id}, only {known}: name it in FARM_URLS, or connect_farms(farms=…)."
    )
