"""Stores and scopes: who borrows a connection for whom, and how it is given back.

Generated from src/renderstore/_scope/aio/store.py by `just generate`; do not edit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from renderstore import settings as _settings
from renderstore._environment import ENV_FILES, EnvFile
from renderstore._scope.binding import NOTE_USE, Binding
from renderstore._scope.dial import unreachable
from renderstore._scope.failing import fail, understood
from renderstore._scope.store import (
    ENTERED,
    LEFT_TO_THE_PARENT,
    PING,
    STORES,
    Ping,
    Store,
    found,
    log,
    rides,
)
from renderstore._scope.sync.bound import connection_class
from renderstore._scope.sync.colour import Lock, get, in_background, put
from renderstore._scope.sync.connection import ScopedConnection
from renderstore._scope.sync.dial import Dialer
from renderstore._scope.sync.ear import Ear
from renderstore._scope.sync.replicas import Replicas
from renderstore.errors import Error, ScopeBroken
from renderstore.settings import Settings

if TYPE_CHECKING:
    from renderstore.health import Health

T = TypeVar("T")
P = ParamSpec("P")

_Pool = ConnectionPool[ScopedConnection]
_SHORT = 1.0


class SyncStore(Store["SyncScope"]):
    """A store for threads. Opens with its first scope; `close()` it or use it with `with`."""

    _ear: Ear | None
    _doctor: SyncStore | None
    _replicas: Replicas | None

    def __init__(self, settings: Settings, *, plain: bool = False) -> None:
        super().__init__(settings, plain=plain)
        self._replicas = None
        if (reads := settings.reads) is not None:
            replicas = type(self)(reads, plain=plain)
            self._replicas = Replicas(self, replicas, reads.max_lag)
        self._start_over()
        STORES.add(self)

    @property
    def is_pooled(self) -> bool:
        found = self._dialer is not None and self._dialer.is_pooled
        return bool(self.settings.pooler) or found

    @property
    def ear(self) -> Ear:
        """What hears notifications for everybody who waits for one here, on one connection."""
        # Threads that wait for the first time may come here at once.
        with self._making:
            if self._ear is None:
                self._ear = Ear(self.settings)
                if self._is_closed:
                    self._ear.refuse()
            return self._ear

    def leave_to_parent(self) -> None:
        LEFT_TO_THE_PARENT.append((self._pool, self._ear, self._doctor))
        self._start_over()

    def _start_over(self) -> None:
        self._lock = Lock()
        self._making = threading.Lock()
        self._pool: _Pool | None = None
        self._dialer: Dialer | None = None
        self._ear = None
        self._doctor = None

    def _scope(self, binding: Binding) -> SyncScope:
        return SyncScope(self, binding)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Scopes that are open end as they would."""
        self._is_closed = True
        with self._lock:
            pool, dialer = self._pool, self._dialer
            self._pool = None
        if dialer is not None:
            dialer.closing.set()
        if self._ear is not None:
            self._ear.close()
        if self._doctor is not None:
            self._doctor.close()
        if self._replicas is not None:
            self._replicas.close()
        if pool is not None:
            pool.close()

    def reach(self, *, seconds: float) -> None:
        """Raise why no server answers, asked once and no longer than that: a pool tries for as long as its callers wait."""
        wait = max(2, round(min(seconds, self.settings.pool_timeout)))
        arguments: dict[str, Any] = {"connect_timeout": wait, **self.settings.conninfo}
        try:
            conn = Connection.connect(**arguments)
        except psycopg.OperationalError as error:
            raise unreachable(self.settings, error) from error
        conn.close()

    def ping(self) -> Ping:
        """Whether the database is reached, as whom, how fast; raises why not."""
        pool, conn = self.borrow()
        try:
            conn.start_lend(None, single=False)
            said = Cursor(conn).execute(PING).fetchone()
            started = monotonic()
            Cursor(conn).execute("select 1")
            return found(self.settings, conn, said, monotonic() - started)
        except psycopg.Error as error:
            fail(error)
        finally:
            self.give_back(pool, conn, failed=True)

    def health(self) -> Health:
        """How the database stands, as this store's login sees it. A database that cannot be reached is an answer, not an error."""
        # Whoever asks for health pays for what it needs.
        from renderstore._scope.sync.health import measure
        from renderstore.health import unreached

        if self._is_closed:
            return unreached(self._refused(None).sentence)
        if self._doctor is None:
            # On a connection of its own: a full pool is seen, and not waited for.
            self._doctor = self.bounded(size=1, seconds=5)
        stats = {} if self._pool is None else self._pool.get_stats()
        used = stats.get("pool_size", 0) - stats.get("pool_available", 0)
        return measure(
            self._doctor,
            pool_used_percent=100 * used / self.settings.pool_size,
            waiting=stats.get("requests_waiting", 0),
        )

    def _open(self) -> _Pool:
        with self._lock:
            if self._is_closed:
                raise self._refused(None)
            if self._pool is None or self._pool.closed:
                pool: _Pool
                dialer = Dialer(
                    self.settings,
                    waiting=lambda: pool.get_stats().get("requests_waiting", 0),
                    # Not where the pool itself works, which closing waits for.
                    give_up=lambda: in_background(pool.close),
                )
                pool = ConnectionPool(
                    connection_class=connection_class(self._plain),
                    kwargs={**self._connection_arguments(), "dialer": dialer},
                    reconnect_failed=_grow_again,
                    **self._pool_arguments(),
                )
                pool.open()
                self._pool, self._dialer = pool, dialer
            return self._pool

    def borrow(self) -> tuple[_Pool, ScopedConnection]:
        """A connection that answers, and the pool that it goes back to."""
        give_up_at = monotonic() + self.settings.pool_timeout
        # Whoever begins to wait while the pool is given up on is woken by nobody.
        patience = _SHORT if self.settings.is_replica else self.settings.pool_timeout
        while True:
            pool = self._pool
            if pool is None or pool.closed:
                pool = self._open()
            dialer = self._dialer
            try:
                conn = get(pool, min(patience, give_up_at - monotonic()))
            except (PoolClosed, PoolTimeout) as error:
                is_over = isinstance(error, PoolTimeout) and monotonic() >= give_up_at
                if dialer and not dialer.failure and not is_over:
                    continue
                refused = self._refused(dialer)
                raise refused from (dialer.failure if dialer else None)
            try:
                while conn.is_alive():
                    if dialer is None or conn.made_at > dialer.lost_at:
                        return pool, conn
                    if not _answers(conn, self.settings.is_replica):
                        break
            except BaseException:
                conn.pgconn.finish()
                put(pool, conn)
                raise
            # Not the pool's own `check`, which costs a round trip and then sleeps for seconds.
            if dialer is not None:
                dialer.types = None  # with the server, the database may be another one
            conn.pgconn.finish()
            put(pool, conn)

    def lend(self, binding: Binding, single: bool) -> tuple[_Pool, ScopedConnection]:
        """A connection with its scope begun."""
        lender = self._replicas if binding.may_lag else None
        pool, conn = (lender or self).borrow()
        try:
            conn.lend(binding, single)
        except BaseException as error:
            self.give_back(pool, conn, failed=True)
            if isinstance(error, psycopg.Error):
                fail(error)
            raise
        return pool, conn

    def give_back(self, pool: _Pool, conn: ScopedConnection, failed: bool) -> None:
        """End the scope and return its connection, whatever happens on the way."""
        conn.note_loss()
        try:
            conn.leave(failed)
            if conn.is_use_due and not conn.closed:
                _note_use(conn)
        except psycopg.Error as error:
            conn.note_loss()  # before its caller comes again
            if not failed:
                fail(error)
        except Exception:
            if not failed:
                raise
        except BaseException:
            conn.pgconn.finish()
            raise
        finally:
            put(pool, conn)


class SyncScope:
    """One transaction with its binding: `with scope as conn`, or `scope.run(function, …)`."""

    __slots__ = ("_binding", "_lent", "_store")

    def __init__(self, store: SyncStore, binding: Binding) -> None:
        self._store, self._binding = store, binding
        self._lent: tuple[_Pool, ScopedConnection] | None = None

    def serializable(self) -> SyncScope:
        """The same scope in a serializable transaction (see renderstore.retry)."""
        return SyncScope(self._store, self._binding.serializable())

    def reading(self) -> SyncScope:
        """The same scope for who only reads: a replica answers, where there is one, and may lack what was committed just now."""
        return SyncScope(self._store, self._binding.reading())

    def __enter__(self) -> Connection[TupleRow]:
        if self._lent is not None:
            raise ScopeBroken(ENTERED)
        self._lent = self._store.lend(self._binding, single=False)
        return self._lent[1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._lent is not None
        (pool, conn), self._lent = self._lent, None
        # Before the connection is left, which may tell of another trouble.
        said = None if error is None else understood(error, conn)
        self._store.give_back(pool, conn, failed=kind is not None)
        if said is not None and said is not error:
            raise said from error

    def run(
        self,
        function: Callable[Concatenate[Connection[TupleRow], P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """One function of one statement in a transaction of its own, in one round trip.

        An administrator's or a token's scope asks before a function that is none of this package's.
        """
        single = rides(self._binding, function)
        pool, conn = self._store.lend(self._binding, single)
        failed = True
        try:
            result = function(conn, *args, **kwargs)
            failed = False
        except (psycopg.Error, Error) as error:
            if (said := understood(error, conn)) is error:
                raise
            raise said from error
        finally:
            self._store.give_back(pool, conn, failed)
        return result


def connect(
    url: str | None = None,
    *,
    size: int | None = None,
    timeout: float | None = None,
    pooler: bool | None = None,
    reads: str | None = None,
    max_lag: float | None = None,
    plain: bool = False,
    env_file: EnvFile = ENV_FILES,
) -> SyncStore:
    """A store on this address, else on DATABASE_URL, its reads on READ_URL. Nothing is opened before its first scope.

    size: how many connections the pool holds at most.
    timeout: how many seconds a caller waits for one.
    pooler: whether a transaction pooler such as PgBouncer stands between.
    reads: the replicas' address, for `readonly()` and what is marked by `reading()`.
    max_lag: how many seconds a replica may be behind before the primary answers in its place.
    plain: take the way that uses psycopg's public names only (two more round trips).
    env_file: where DATABASE_URL is read when the environment does not set it: a file, or None for nowhere.
    """
    where = _settings.load(
        url,
        pool_size=size,
        pool_timeout=timeout,
        pooler=pooler,
        reads=reads,
        max_lag=max_lag,
        env_file=env_file,
    )
    return SyncStore(where, plain=plain)


def _answers(conn: ScopedConnection, is_replica: bool) -> bool:
    """Where one connection was lost the others may be about to be: ask each before a caller does."""
    conn.start_lend(None, single=False)
    began = monotonic()
    try:
        Cursor(conn).execute("select 1")
    except psycopg.Error:
        return False
    conn.made_at = began
    return conn.is_standby() is is_replica


def _note_use(conn: ScopedConnection) -> None:
    """A token was used. Once a minute, after its scope: a note that fails is nobody's error."""
    token = conn.token
    conn.start_lend(None, single=False)
    try:
        Cursor(conn).execute(NOTE_USE, (token,))
    except psycopg.Error as error:
        log.warning("The use of a token was not noted: %s", error)
    conn.leave(failed=True)


def _grow_again(pool: _Pool) -> None:
    """Somebody may have begun to wait after the dialer had seen nobody."""
    if pool.get_stats().get("requests_waiting", 0):
        pool.check()
