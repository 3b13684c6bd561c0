"""The fast way: the binding travels with the first statement, `commit` is the second and last trip."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg import AsyncCursor, AsyncTransaction
from psycopg.abc import PQGen
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.aio.connection import AsyncScopedConnection
from renderstore._scope.binding import Binding
from renderstore._scope.fast import Bound, Vocabulary


class _AsyncCursor(Vocabulary, AsyncCursor[TupleRow]):
    __slots__ = ()


class AsyncFastConnection(Bound, AsyncScopedConnection):
    async def _work(self, work: PQGen[None]) -> None:
        async with self.lock:
            await self.wait(work)

    @asynccontextmanager
    async def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AsyncGenerator[AsyncTransaction]:
        # Bound first, or psycopg would take the savepoint for the outermost transaction.
        await self._work(self._start_query())
        async with super().transaction(savepoint_name, force_rollback) as inner:
            yield inner

    async def lend(self, binding: Binding, single: bool) -> None:
        self.start_lend(binding, single)
        self._autocommit = (
            True  # a caller may have changed it before their first statement
        )
        if binding.asks and not single:
            await self._work(self.bind_gen())

    async def leave(self, failed: bool) -> None:
        if not self.is_gone(failed) and not self.left_at_once():
            await self._work(self.leave_gen(failed))

    def vocabulary(self, query: bytes) -> AsyncCursor[TupleRow]:
        return self.take(query) or _AsyncCursor(self, row_factory=tuple_row)
