"""The plain way: `begin`, the binding, the statements, `commit`, each a round trip.

Generated from src/renderstore/_scope/aio/plain.py by `just generate`; do not edit.
"""

from __future__ import annotations

from typing import Any

from psycopg import Cursor, Error
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.binding import Binding
from renderstore._scope.plain import Plain, Steps
from renderstore._scope.sync.connection import ScopedConnection


class PlainConnection(Plain, ScopedConnection):
    def _drive(self, steps: Steps) -> None:
        try:
            query, arguments, prepare = next(steps)
            while True:
                cursor = Cursor(self)
                try:
                    cursor.execute(query, arguments, prepare=None if prepare else False)
                except Error as error:
                    query, arguments, prepare = steps.throw(error)
                else:
                    query, arguments, prepare = steps.send(cursor.pgresult)
        except StopIteration:
            pass

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        self.start_own()
        return super().cursor(*args, **kwargs)

    def lend(self, binding: Binding, single: bool) -> None:
        self._drive(self.steps_in(binding, single))

    def leave(self, failed: bool) -> None:
        if self.is_gone(failed):
            return
        try:
            self._drive(self.steps_out(failed))
        finally:
            self.close_unless_idle()

    def vocabulary(self, query: bytes) -> Cursor[TupleRow]:
        del query
        self.start_vocabulary()
        return Cursor(self, row_factory=tuple_row)
