"""What the connections of a store share, whichever way they send their binding.

Only public names of psycopg here.
"""

from __future__ import annotations

import select
from abc import abstractmethod
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, Self

import psycopg
from psycopg import (
    AsyncConnection,
    AsyncCursor,
    AsyncServerCursor,
    Connection,
    Cursor,
    Notify,
    ServerCursor,
)
from psycopg.abc import Dumper, Loader
from psycopg.adapt import AdaptersMap
from psycopg.errors import Diagnostic
from psycopg.pq import ConnStatus
from psycopg.rows import TupleRow, tuple_row

from renderstore._scope.binding import Binding
from renderstore._scope.dial import AsyncDialer, Dialer
from renderstore._types import aknown_types, known_types
from renderstore.errors import LOST, ScopeBroken, Unreachable, refused_binding

if TYPE_CHECKING:
    from psycopg._connection_base import BaseConnection

    _Base = BaseConnection[TupleRow]
else:
    _Base = object

ONE_STATEMENT = (
    "run() takes one statement in a transaction of its own, and that one is committed:"
    " open a scope for several."
)
ENDED = (
    "The transaction was ended inside its scope, and what came after it ran outside:"
    " only the scope commits. Raise an exception to roll back."
)
SWALLOWED = (
    "Nothing was saved: a database error inside the scope had ended its transaction, and the"
    " program went on. Let such an error leave the scope, or put conn.transaction() around"
    " what may fail."
)
OUTSIDE = "This connection's scope has ended: open another one."
ONLY_THE_SCOPE = (
    "Only the scope commits, when it ends. Raise an exception to roll back."
)


class Types(AdaptersMap):
    """A borrower's types. Making them anew costs as much as the pool, so it is done when they were changed."""

    is_changed = False

    def register_dumper(self, cls: type | str | None, dumper: type[Dumper]) -> None:
        super().register_dumper(cls, dumper)
        self.is_changed = True

    def register_loader(self, oid: int | str, loader: type[Loader]) -> None:
        super().register_loader(oid, loader)
        self.is_changed = True


class Scoped(_Base):
    """What a lend sets and the next lend sets again, so that no borrower inherits it."""

    binding: Binding | None = None  # what must still be sent before anything else
    role = ""  # whose rights the scope has, for errors
    single = False  # one statement of the vocabulary, as a transaction of its own
    spent = False  # … which has run
    foreign = (
        False  # the caller ran SQL of their own, which may have left something behind
    )
    lent = False
    made_at = inf  # when it was made, or last answered after others were lost

    threshold: int | None = (
        None  # how soon statements are prepared; None behind a pooler
    )
    known_types: AdaptersMap | None = None
    _types: Types | None = None
    _poll: select.poll | None = None
    _handlers: tuple[Any, ...] = ()

    @property
    def adapters(self) -> AdaptersMap:
        """This borrower's own copy: what they register ends with their scope."""
        if self._types is None:
            self._types = Types(self.known_types or psycopg.adapters)
        return self._types

    def has_own_types(self) -> bool:
        """Whether the borrower taught this connection anything."""
        return self._types is not None and self._types.is_changed

    def start_lend(self, binding: Binding | None, single: bool) -> None:
        self.binding, self.single, self.lent = binding, single, True
        self.spent = self.foreign = False
        self.role = binding.role if binding is not None else ""
        self.prepare_threshold = self.threshold
        if self.has_own_types():
            self._types = None

    def is_alive(self) -> bool:
        """An idle socket with something to say was closed by the server, most likely. Costs no round trip."""
        if self.pgconn.status != ConnStatus.OK:
            return False
        if not hasattr(select, "poll"):  # Windows
            return True
        poll = self._poll
        if poll is None:
            poll = self._poll = select.poll()
            poll.register(self.pgconn.socket, select.POLLIN)
        if not poll.poll(0):
            return True
        # Over TLS it may be no more than a session ticket.
        if not self.pgconn.ssl_in_use:
            return False
        try:
            self.pgconn.consume_input()
        except psycopg.OperationalError:
            return False
        return not poll.poll(0)

    def refusal(self, error: psycopg.Error) -> Exception:
        """What it means that the binding failed."""
        return refused_binding(
            error,
            role=self.role,
            login=self.info.user,
            server_version=self.info.server_version,
        )

    def rest(self, query: bytes, cursor: Any) -> None:
        """Take back a cursor of the vocabulary, for the same query's next run."""

    def has_begun(self) -> bool:
        """Whether this scope has a transaction that must be ended."""
        return self.binding is None and bool(self.role) and not self.single

    def is_gone(self, failed: bool) -> bool:
        """A closed connection needs no leave-taking; if nobody has heard of it yet, say so."""
        if not self.closed:
            return False
        begun, self.binding, self.lent = self.has_begun(), None, False
        if begun and not failed:
            raise Unreachable(LOST)
        return True


class ScopedConnection(Scoped, Connection[TupleRow]):
    """A plain psycopg connection that knows for whom it acts until its scope ends."""

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Self:
        dialer: Dialer | None = kwargs.pop("dialer", None)
        if dialer is None:
            return super().connect(*args, **kwargs)

        def make(cls: type[Self] = cls) -> Self:
            made = super().connect(*args, **kwargs)
            made.threshold = made.prepare_threshold
            made.made_at = monotonic()
            made.known_types = dialer.types
            if made.known_types is None:
                made.start_lend(None, single=False)
                made.known_types, complete = known_types(made)
                made.lent, made._types = False, None
                dialer.types = made.known_types if complete else None
            return made

        return dialer.dial(make)

    def start_lend(self, binding: Binding | None, single: bool) -> None:
        super().start_lend(binding, single)
        self.row_factory = tuple_row
        self.cursor_factory = Cursor
        self.server_cursor_factory = ServerCursor
        for remove, handler in self._handlers:
            remove(handler)
        self._handlers = ()

    def add_notice_handler(self, callback: Callable[[Diagnostic], None]) -> None:
        super().add_notice_handler(callback)
        self._handlers += ((super().remove_notice_handler, callback),)

    def add_notify_handler(self, callback: Callable[[Notify], None]) -> None:
        super().add_notify_handler(callback)
        self._handlers += ((super().remove_notify_handler, callback),)

    def commit(self) -> NoReturn:
        raise ScopeBroken(ONLY_THE_SCOPE)

    rollback = commit

    @abstractmethod
    def lend(self, binding: Binding, single: bool) -> None:
        """Start a scope."""

    @abstractmethod
    def leave(self, failed: bool) -> None:
        """End it: commit or roll back, clean, and close what is not exactly as it should be."""

    @abstractmethod
    def vocabulary(self, query: bytes) -> Cursor[TupleRow]:
        """The cursor that a generated function runs on."""


class AsyncScopedConnection(Scoped, AsyncConnection[TupleRow]):
    """The same for asyncio."""

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:
        dialer: AsyncDialer | None = kwargs.pop("dialer", None)
        if dialer is None:
            return await super().connect(*args, **kwargs)

        async def make(cls: type[Self] = cls) -> Self:
            made = await super().connect(*args, **kwargs)
            made.threshold = made.prepare_threshold
            made.made_at = monotonic()
            made.known_types = dialer.types
            if made.known_types is None:
                made.start_lend(None, single=False)
                made.known_types, complete = await aknown_types(made)
                made.lent, made._types = False, None
                dialer.types = made.known_types if complete else None
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
        """End it."""

    @abstractmethod
    def vocabulary(self, query: bytes) -> AsyncCursor[TupleRow]:
        """The cursor that a generated function runs on."""
