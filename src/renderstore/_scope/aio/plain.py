"""The plain way: `begin`, the binding, the statements, `commit`, each a round trip."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncCursor, Error
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.aio.connection import AsyncScopedConnection
from renderstore._scope.binding import Binding
from renderstore._scope.plain import Plain, Steps


class AsyncPlainConnection(Plain, AsyncScopedConnection):
    async def _drive(self, steps: Steps) -> None:
        try:
            query, arguments, prepare = next(steps)
            while True:
                cursor = AsyncCursor(self)
                try:
                    await cursor.execute(
                        query, arguments, prepare=None if prepare else False
                    )
                except Error as error:
                    query, arguments, prepare = steps.throw(error)
                else:
                    query, arguments, prepare = steps.send(cursor.pgresult)
        except StopIteration:
            pass

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        self.start_own()
        return super().cursor(*args, **kwargs)

    async def lend(self, binding: Binding, single: bool) -> None:
        await self._drive(self.steps_in(binding, single))

    async def leave(self, failed: bool) -> None:
        if self.is_gone(failed):
            return
        try:
            await self._drive(self.steps_out(failed))
        finally:
            self.close_unless_idle()

    def vocabulary(self, query: bytes) -> AsyncCursor[TupleRow]:
        del query
        self.start_vocabulary()
        return AsyncCursor(self, row_factory=tuple_row)
