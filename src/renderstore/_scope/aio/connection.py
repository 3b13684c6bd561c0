"""What the connections of a store share, whichever way they send their binding."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from time import monotonic
from typing import Any, NoReturn, Self

from psycopg import AsyncConnection, AsyncCursor, AsyncServerCursor, Notify
from psycopg.errors import Diagnostic
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.aio.dial import AsyncDialer
from renderstore._scope.aio.types import known_types
from renderstore._scope.binding import CLEAN, ISO, Binding
from renderstore._scope.connection import ONLY_THE_SCOPE, Scoped
from renderstore.errors import ScopeBroken


class AsyncScopedConnection(Scoped, AsyncConnection[TupleRow]):
    """A plain psycopg connection that knows for whom it acts until its scope ends."""

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:
        dialer: AsyncDialer | None = kwargs.pop("dialer", None)
        if dialer is None:
            return await super().connect(*args, **kwargs)

        async def make(cls: type[Self] = cls) -> Self:
            # Its server may die while it is being made.
            began = monotonic()
            made = await super().connect(*args, **kwargs)
            made.threshold = made.prepare_threshold
            made.made_at = began
            made.dialing = dialer
            made.known_types = dialer.types
            made.start_lend(None, single=False)
            if not made.writes_iso():
                await AsyncCursor(made).execute(ISO, prepare=False)
                made.clean = CLEAN + b"; " + ISO
            if made.known_types is None:
                made.known_types, complete = await known_types(made, dialer)
                dialer.types = made.known_types if complete else None
            made.lent, made._types = False, None
            if dialer.is_pooled:
                made.threshold = None
            return made

        return await dialer.dial(make)

    def start_lend(self, binding: Binding | None, single: bool) -> None:
        super().start_lend(binding, single)
        self.row_factory = tuple_row
        self.cursor_factory = AsyncCursor
        self.server_cursor_factory = AsyncServerCursor
        for remove, handler in self._handlers:
            remove(handler)
        self._handlers = ()

    def add_notice_handler(self, callback: Callable[[Diagnostic], None]) -> None:
        super().add_notice_handler(callback)
        self._handlers += ((super().remove_notice_handler, callback),)

    def add_notify_handler(self, callback: Callable[[Notify], None]) -> None:
        super().add_notify_handler(callback)
        self._handlers += ((super().remove_notify_handler, callback),)

    async def commit(self) -> NoReturn:
        raise ScopeBroken(ONLY_THE_SCOPE)

    rollback = commit

    @abstractmethod
    async def lend(self, binding: Binding, single: bool) -> None:
        """Start a scope."""

    @abstractmethod
    async def leave(self, failed: bool) -> None:
        """End it: commit or roll back, clean, and close what is not exactly as it should be."""

    @abstractmethod
    def vocabulary(self, query: bytes) -> AsyncCursor[TupleRow]:
        """The cursor that a generated function runs on."""
