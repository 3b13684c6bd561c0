"""The fast way: the binding travels with the first statement, `commit` is the second and last trip.

`begin` and the binding wait on the connection. A generated function runs on a cursor that
sends them and its own statement in one flush. The caller's own SQL runs on ordinary psycopg
cursors: psycopg's hook before each statement sends the binding ahead of it, and the session is
cleaned with the commit.

This leans on private names of psycopg (`_start_query`, `_execute_gen`, `_maybe_prepare_gen`,
`_prepared`, `_pipeline`, `_autocommit`), so it is taken for the versions that it was tested
with; `plain` is the way for any other.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import generators
from psycopg._connection_base import BaseConnection
from psycopg._cursor_base import BaseCursor
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.abc import Params, PQGen, Query
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from renderstore._scope.connection import (
    ENDED,
    ONE_STATEMENT,
    OUTSIDE,
    SWALLOWED,
    Scoped,
)
from renderstore.errors import ScopeBroken

_Answers = list[list[PGresult]]


class Bound(Scoped, BaseConnection[TupleRow]):
    """What both colours share, as psycopg's own colourless generators."""

    _ours = False  # the statement being started belongs to the vocabulary
    _broken = False  # what psycopg believes of the session may not be so
    _resting: dict[bytes, Any] | None = None  # cursors of the vocabulary, by query

    def take(self, query: bytes) -> Any:
        """A cursor that has run this query, if one rests and the borrower changed no types."""
        if not self._resting or self.has_own_types():
            return None
        return self._resting.pop(query, None)

    def again(self) -> None:
        super().again()
        if self.single:  # its transaction has ended, and what was bound with it
            self.binding = self.bound

    def rest(self, query: bytes, cursor: Any) -> None:
        if self.has_own_types():
            return
        cursor._reset()  # it holds no rows for nobody
        if self._resting is None:
            self._resting = {}
        self._resting[query] = cursor

    def _send_binding(self) -> int:
        """Send what must come before a statement, in pipeline mode; answer how many results that gives."""
        binding = self.binding
        assert binding is not None
        self.binding = None
        results = 1
        if not self.single:
            self.pgconn.send_query_params(binding.begin, None)
            results = 2
        # In psycopg's cache of prepared statements: it knows whether to use any, and when
        # they were deallocated.
        call: Any = binding.call
        kind, name = self._prepared.get(call, True)
        if kind is Prepare.NO:
            self.pgconn.send_query_params(call.query, binding.encoded)
            return results
        if kind is Prepare.SHOULD:
            self.pgconn.send_prepare(name, call.query)
            self._prepared.maybe_add_to_cache(call, kind, name)
            results += 1
        self.pgconn.send_query_prepared(name, binding.encoded)
        return results

    def bind_gen(self) -> PQGen[None]:
        """The binding alone, one round trip: before what cannot ride along."""
        if self.binding is None:
            return
        self.single = False
        inside = self.pgconn.pipeline_status != PipelineStatus.OFF
        if not inside:
            self.pgconn.enter_pipeline_mode()
        self._send_binding()
        self.pgconn.pipeline_sync()
        answers = yield from self._answers_gen()
        if not inside:
            self.pgconn.exit_pipeline_mode()
        self._check_binding(answers)

    def _answers_gen(self) -> PQGen[_Answers]:
        """Flush and read up to the sync: the commit of a single statement may bring an error of its own."""
        yield from generators.send(self.pgconn)
        answers: _Answers = []
        while answer := (yield from generators.fetch_many(self.pgconn)):
            if answer[0].status == ExecStatus.PIPELINE_SYNC:
                break
            answers.append(answer)
        return answers

    def _check_binding(self, answers: _Answers) -> None:
        for answer in answers:
            for result in answer:
                if result.status == ExecStatus.FATAL_ERROR:
                    # A refusal is the last one's. Before it, the server may never have
                    # prepared what the cache holds by now.
                    self._broken = self._broken or answer is not answers[-1]
                    error = error_from_result(result, encoding=self.pgconn._encoding)
                    raise self.refusal(error) from error
        self.is_use_due = answers[-1][0].get_value(0, 0) == b"t"

    def _start_query(self) -> PQGen[None]:
        """psycopg's hook before every statement: nothing runs unbound."""
        if not self.lent:
            raise ScopeBroken(OUTSIDE)
        if not self._ours:
            self.foreign = True
        if self.single and self.spent:
            raise ScopeBroken(ONE_STATEMENT)
        if self.binding is not None and not (self._ours and self._pipeline is None):
            yield from self.bind_gen()
        yield from super()._start_query()

    def _raise_first(self, results: Sequence[PGresult]) -> None:
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result, encoding=self.pgconn._encoding)

    def _send_gen(self, command: bytes) -> PQGen[None]:
        self.pgconn.send_query(command)
        self._raise_first((yield from generators.execute(self.pgconn)))

    def _end_gen(self, command: bytes) -> PQGen[None]:
        """Commit or roll back, and clean in the same message; after a commit that fails, in another."""
        if not self.foreign:
            yield from self._send_gen(command)
            return
        try:
            yield from self._send_gen(command + b"; " + self.clean)
        except Exception:
            if self.pgconn.status == ConnStatus.OK:
                yield from self._send_gen(self.clean)
            raise

    def left_at_once(self) -> bool:
        """Most often nothing is open, and then there is nothing to wait for."""
        if (
            self.has_begun()
            or self._broken
            or self.pgconn.transaction_status != TransactionStatus.IDLE
            or self.pgconn.pipeline_status != PipelineStatus.OFF
        ):
            return False
        self.binding, self.lent = None, False
        return True

    def leave_gen(self, failed: bool) -> PQGen[None]:
        """End the scope. A connection that is not exactly as it should be is closed, never repaired."""
        opened = self.has_begun()
        self.binding, self.lent = None, False
        status = self.pgconn.transaction_status
        trusted = False
        try:
            if not opened:
                trusted = not self._broken
            elif status == TransactionStatus.INTRANS and not failed:
                yield from self._end_gen(b"commit")
                trusted = True
            elif status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                yield from self._end_gen(b"rollback")
                trusted = not self._broken
                if not failed:
                    raise ScopeBroken(SWALLOWED)
            elif status == TransactionStatus.IDLE:
                # Behind a pooler, closing our end does not clean the server's: clean, then close.
                yield from self._send_gen(self.clean)
                if not failed:
                    raise ScopeBroken(ENDED)
        finally:
            if (
                not trusted
                or self.pgconn.transaction_status != TransactionStatus.IDLE
                or self.pgconn.pipeline_status != PipelineStatus.OFF
            ):
                self.pgconn.finish()


class Vocabulary(BaseCursor[Any, TupleRow]):
    """The cursor of generated functions: takes the binding along with its statement."""

    __slots__ = ()

    def _execute_gen(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> PQGen[None]:
        conn: Bound = self._conn
        conn._ours = True
        try:
            yield from super()._execute_gen(
                query, params, prepare=prepare, binary=binary
            )
        finally:
            conn._ours = False

    def _maybe_prepare_gen(
        self,
        pgq: PostgresQuery,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> PQGen[None]:
        conn: Bound = self._conn
        if conn.binding is None:
            yield from super()._maybe_prepare_gen(pgq, prepare=prepare, binary=binary)
            return
        conn.spent = True
        kind, name = self._get_prepared(pgq, prepare)
        self._pgconn.enter_pipeline_mode()
        ahead = conn._send_binding()
        if kind is Prepare.NO:
            self._execute_send(pgq, force_extended=True, binary=binary)
        else:
            if kind is Prepare.SHOULD:
                self._send_prepare(name, pgq)
            self._send_query_prepared(name, pgq, binary=binary)
        self._pgconn.pipeline_sync()
        answers = yield from conn._answers_gen()
        self._pgconn.exit_pipeline_mode()
        conn._check_binding(answers[:ahead])
        if kind is Prepare.SHOULD:
            conn._raise_first(answers[ahead])
            ahead += 1
        results = answers[ahead]
        key = conn._prepared.maybe_add_to_cache(pgq, kind, name)
        if key is not None:
            conn._prepared.validate(key, kind, name, results)
        self._check_results(results)
        for answer in answers[ahead + 1 :]:
            conn._raise_first(answer)
        self._set_results(results)
