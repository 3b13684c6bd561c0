"""The fast way: the binding travels with the first statement, `commit` is the second and last trip.

Generated from src/renderstore/_scope/aio/fast.py by `just generate`; do not edit.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from psycopg import Cursor, Transaction
from psycopg.abc import PQGen
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.binding import Binding
from renderstore._scope.fast import Bound, Vocabulary
from renderstore._scope.sync.connection import ScopedConnection


class _Cursor(Vocabulary, Cursor[TupleRow]):
    __slots__ = ()


class FastConnection(Bound, ScopedConnection):
    def _work(self, work: PQGen[None]) -> None:
        with self.lock:
            self.wait(work)

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Generator[Transaction]:
        # Bound first, or psycopg would take the savepoint for the outermost transaction.
        self._work(self._start_query())
        with super().transaction(savepoint_name, force_rollback) as inner:
            yield inner

    def lend(self, binding: Binding, single: bool) -> None:
        self.start_lend(binding, single)
        self._autocommit = (
            True  # a caller may have changed it before their first statement
        )
        if binding.asks and not single:
            self._work(self.bind_gen())

    def leave(self, failed: bool) -> None:
        if not self.is_gone(failed) and not self.left_at_once():
            self._work(self.leave_gen(failed))

    def vocabulary(self, query: bytes) -> Cursor[TupleRow]:
        return self.take(query) or _Cursor(self, row_factory=tuple_row)
