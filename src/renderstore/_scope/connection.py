"""What the connections of a store share, whichever way they send their binding and in either colour.

Only public names of psycopg here.
"""

from __future__ import annotations

import select
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.abc import Dumper, Loader
from psycopg.adapt import AdaptersMap
from psycopg.pq import ConnStatus
from psycopg.rows import TupleRow

from renderstore._scope.binding import CLEAN, Binding
from renderstore._scope.dial import Dialing
from renderstore.errors import LOST, Unreachable, refused_binding

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

# The versions whose private names `fast` was tested with.
TESTED = ("3.3.",)


def is_tested() -> bool:
    """Whether the fast way may be taken with this psycopg."""
    return psycopg.__version__.startswith(TESTED)


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
    bound: Binding | None = None  # … of this lend, sent or not
    role = ""  # whose rights the scope has, for errors
    reads = False  # … which is marked as a read
    single = False  # one statement of the vocabulary, as a transaction of its own
    spent = False  # … which has run
    token: str | None = None  # the hash of the one that the binding checks
    is_use_due = False  # … whose use is to be noted
    foreign = (
        False  # the caller ran SQL of their own, which may have left something behind
    )
    lent = False
    clean = CLEAN  # what follows the caller's own SQL
    made_at = inf  # when it began to be made, or to answer after others were lost
    dialing: Dialing | None = None  # what its pool knows

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
        self.bound = binding
        self.spent = self.foreign = False
        self.role = binding.role if binding is not None else ""
        self.reads = binding is not None and binding.may_lag
        self.token = binding.token if binding is not None else None
        self.is_use_due = False
        self.prepare_threshold = self.threshold
        if self.has_own_types():
            self._types = None

    def writes_iso(self) -> bool:
        """Whether the session's times come as psycopg reads them; the server says so unasked."""
        said = self.info.parameter_status
        return (said("DateStyle") or "ISO").startswith("ISO") and (
            said("IntervalStyle") or "postgres"
        ) == "postgres"

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

    def note_loss(self) -> None:
        """Tell the pool if this connection was lost: others may be about to be."""
        if self.closed and self.dialing is not None:
            self.dialing.lost_at = monotonic()

    def is_standby(self) -> bool:
        """Whether the server takes no writes; it says so unasked, with the answer to a statement."""
        return self.info.parameter_status("in_hot_standby") == "on"

    def is_demoted_by(self, error: BaseException) -> bool:
        """Whether this is what a server says that was taken for the primary."""
        state = getattr(error, "sqlstate", None)
        return state == "25006" and not self.reads and self.is_standby()

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

    def again(self) -> None:
        """Take another statement where one alone was asked for: the vocabulary's own, never a caller's."""
        self.spent = False

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
