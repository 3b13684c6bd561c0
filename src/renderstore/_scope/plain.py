"""The plain way: `begin`, the binding, the statements, `commit`, each a round trip, by public names only.

For the versions of psycopg that the fast way was not tested with. A scope binds when it is
entered, so that nothing that a caller does can come before.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import LiteralString

from psycopg import Error
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from renderstore._scope.binding import Binding
from renderstore._scope.connection import (
    ENDED,
    ONE_STATEMENT,
    OUTSIDE,
    SWALLOWED,
    Scoped,
)
from renderstore.errors import ScopeBroken

# A statement, its arguments, and whether it may be prepared (several at once may not).
Step = tuple[LiteralString | bytes, tuple[str | None, ...] | None, bool]
Steps = Generator[Step, PGresult | None, None]


class Plain(Scoped):
    """What both colours share: the statements to send, one after the other."""

    def steps_in(self, binding: Binding, single: bool) -> Steps:
        self.start_lend(binding, single)
        # A caller's `deallocate all` drops what psycopg goes on believing in, and no public
        # name tells: the next borrower would fail.
        self.prepare_threshold = None
        # The counterpart of the fast way's one statement is a transaction of one statement.
        self.binding = None
        yield binding.begin, None, False
        try:
            said = yield binding.call.text, binding.arguments, True
        except Error as error:
            raise self.refusal(error) from error
        self.is_use_due = said is not None and said.get_value(0, 0) == b"t"

    def steps_out(self, failed: bool) -> Steps:
        """End the scope; the connection is closed by the caller unless it ends idle and trusted."""
        self.lent = False
        status = self.pgconn.transaction_status
        begun = status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)
        if begun:
            command = (
                b"rollback"
                if failed or status == TransactionStatus.INERROR
                else b"commit"
            )
            try:
                yield (
                    command + (b"; " + self.clean if self.foreign else b""),
                    None,
                    False,
                )
            except Error:
                if self.foreign and not self.closed:
                    yield self.clean, None, False
                raise
            if status == TransactionStatus.INERROR and not failed:
                raise ScopeBroken(SWALLOWED)
        elif status == TransactionStatus.IDLE and self.role:
            # Behind a pooler, closing our end does not clean the server's: clean, then close.
            yield self.clean, None, False
            self.pgconn.finish()
            if not failed:
                raise ScopeBroken(ENDED)

    def close_unless_idle(self) -> None:
        if (
            self.pgconn.transaction_status != TransactionStatus.IDLE
            or self.pgconn.pipeline_status != PipelineStatus.OFF
        ):
            self.pgconn.finish()

    def start_own(self) -> None:
        """Before a cursor of the caller's own."""
        if not self.lent:
            raise ScopeBroken(OUTSIDE)
        self.foreign = True

    def start_vocabulary(self) -> None:
        if not self.lent:
            raise ScopeBroken(OUTSIDE)
        if self.single and self.spent:
            raise ScopeBroken(ONE_STATEMENT)
        self.spent = True
