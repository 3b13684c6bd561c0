"""What a fault is: something made wrong on purpose, what a person sees of it, and how the page's words read there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from renderstore import connect, errors, settings
from renderstore.store import SyncStore
from renderstore.testing import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A database with the fault, while its block lasts."""

    well: str
    """What the page's command says once the fault is mended."""
    see: Callable[[Mapping[str, str]], str] | None = None
    """What the program says that has the trouble, in this environment; without one it is the page's command."""
    is_asked_anew: bool = True
    """Whether the command says it once it is mended; else the remedy is the command that says it."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """The examples of this heading, beside those of every one."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


Making = Callable[[Any], AbstractContextManager[Fault]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A fault, and the fixture that it is made on."""

    make: Making
    on: str


FAULTS: dict[str, Registered] = {}


def fault(
    heading: str, *, on: str = "database"
) -> Callable[[Callable[..., Generator[Fault]]], Callable[..., Generator[Fault]]]:
    """Registers what makes the fault under this heading of the page."""

    def register(
        make: Callable[..., Generator[Fault]],
    ) -> Callable[..., Generator[Fault]]:
        assert heading not in FAULTS, heading
        FAULTS[heading] = Registered(contextmanager(make), on)
        return make

    return register


def names(database: Database) -> dict[str, str]:
    """The names that the page uses everywhere."""
    working, owner = settings.parse(database.url), settings.parse(database.owner_url)
    return {
        "farm": database.name,
        "farm_web": working.user,
        "farm_migrator": owner.user,
        "db.farm.example": working.host,
    }


def addresses(database: Database) -> dict[str, str]:
    """What the page's shell has in its environment: the two addresses, and a superuser's for psql."""
    admin = settings.parse(database.admin_url)
    return {
        "DATABASE_URL": database.url,
        "DIRECT_URL": database.owner_url,
        **admin.environment(),
    }


def said(act: Callable[[SyncStore], object]) -> Callable[[Mapping[str, str]], str]:
    """What a program is told that does this with its store; nothing where it succeeds."""

    def ask(environment: Mapping[str, str]) -> str:
        with connect(environment["DATABASE_URL"], size=1, timeout=10) as store:
            try:
                act(store)
            except (errors.Error, psycopg.Error) as error:
                return str(error)
        return ""

    return ask


def administer(database: Database, statement: str, *values: object) -> Any:
    """As a superuser; the first row, if there is one."""
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        done = conn.execute(statement.encode(), values or None)
        return done.fetchone() if done.description else None
