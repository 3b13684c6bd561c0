"""One table after the other, a batch a transaction; a dry run does the same in one that is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import psycopg

from renderstore.ops import imported
from renderstore.prisma._source import Source, Table
from renderstore.store import SyncStore

# Whoever holds a user's rows is waited for a second each time.
_TRIES = 30


@dataclass(slots=True)
class Came:
    """What became of a table's rows."""

    table: Table
    entered: int = 0
    changed: int = 0
    refused: int = 0
    known: int = 0
    """Here already, from a run before."""
    changes: Counter[str] = field(default_factory=Counter[str])
    refusals: Counter[str] = field(default_factory=Counter[str])

    @property
    def rows(self) -> int:
        return self.entered + self.refused + self.known

    def add(self, counts: list[imported.ImportCount]) -> None:
        for each in counts:
            match each.outcome, each.what:
                case "entered", _:
                    self.entered += each.rows
                case "changed", _:
                    self.changed += each.rows
                case "refused", _:
                    self.refused += each.rows
                case "known", _:
                    self.known += each.rows
                case "change", str(what):
                    self.changes[what] += each.rows
                case "refusal", str(what):
                    self.refusals[what] += each.rows
                case _:
                    pass


class Watcher(Protocol):
    """Whoever shows how far it is."""

    def begin(self, table: Table, rows: int) -> None:
        """A table of this many rows begins."""
        ...

    def advance(self, rows: int) -> None:
        """This many more rows are done."""
        ...

    def end(self, came: Came) -> None:
        """A table is done."""
        ...


class Silent:
    """Shows nothing."""

    def begin(self, table: Table, rows: int) -> None: ...

    def advance(self, rows: int) -> None: ...

    def end(self, came: Came) -> None: ...


def import_all(
    source: Source,
    store: SyncStore,
    *,
    kind: str,
    plan_id: str = "imported",
    dry: bool = False,
    batch: int = 1000,
    watcher: Watcher | None = None,
) -> list[Came]:
    """Bring every table of a source here and say what became of it; a second time only what is new there.

    A dry run keeps nothing: it is one transaction that ends by being taken back.
    """
    watching = Silent() if watcher is None else watcher
    done: list[Came] = []
    with _ways(store, dry=dry) as bring:
        for table in source.tables:
            came = Came(table)
            watching.begin(table, source.count(table))
            for rows, text in source.batches(table, batch):
                came.add(
                    bring(
                        partial(
                            imported.import_rows,
                            kind=kind,
                            source=table.name,
                            old_rows=text,
                            plan_id=plan_id,
                        )
                    )
                )
                watching.advance(rows)
            watching.end(came)
            done.append(came)
    return done


_Act = Callable[[psycopg.Connection[object]], list[imported.ImportCount]]
_Bring = Callable[[_Act], list[imported.ImportCount]]
_REASON = "renderstore import prisma"


@contextmanager
def _ways(store: SyncStore, *, dry: bool) -> Generator[_Bring]:
    """How a batch is done: in a transaction of its own, or, dry, in one for all."""
    if dry:
        with (
            store.admin(reason=_REASON) as conn,
            conn.transaction(force_rollback=True),
        ):
            yield lambda act: act(conn)
        return

    def commit(act: _Act) -> list[imported.ImportCount]:
        for left in reversed(range(_TRIES)):
            try:
                with store.admin(reason=_REASON) as conn:
                    return act(conn)
            except psycopg.errors.LockNotAvailable:
                if not left:
                    raise
        raise AssertionError

    yield commit
