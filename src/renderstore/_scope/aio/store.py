"""Stores and scopes: who borrows a connection for whom, and how it is given back."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from renderstore import settings as _settings
from renderstore._environment import ENV_FILES, EnvFile
from renderstore._scope.aio.bound import connection_class
from renderstore._scope.aio.colour import Lock, get, in_background, put
from renderstore._scope.aio.connection import AsyncScopedConnection
from renderstore._scope.aio.dial import AsyncDialer
from renderstore._scope.aio.ear import AsyncEar
from renderstore._scope.aio.replicas import AsyncReplicas
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
from renderstore.errors import Error, ScopeBroken
from renderstore.settings import Settings

if TYPE_CHECKING:
    from renderstore.health import Health

T = TypeVar("T")
P = ParamSpec("P")

_AsyncPool = AsyncConnectionPool[AsyncScopedConnection]
_SHORT = 1.0


class AsyncStore(Store["AsyncScope"]):
    """A store for asyncio, on the loop that its first scope is entered in."""

    _ear: AsyncEar | None
    _doctor: AsyncStore | None
    _replicas: AsyncReplicas | None

    def __init__(self, settings: Settings, *, plain: bool = False) -> None:
        super().__init__(settings, plain=plain)
        self._replicas = None
        if (reads := settings.reads) is not None:
            replicas = type(self)(reads, plain=plain)
            self._replicas = AsyncReplicas(self, replicas, reads.max_lag)
        self._start_over()
        STORES.add(self)

    @property
    def is_pooled(self) -> bool:
        found = self._dialer is not None and self._dialer.is_pooled
        return bool(self.settings.pooler) or found

    @property
    def ear(self) -> AsyncEar:
        """What hears notifications for everybody who waits for one here, on one connection."""
        # Threads that wait for the first time may come here at once.
        with self._making:
            if self._ear is None:
                self._ear = AsyncEar(self.settings)
                if self._is_closed:
                    self._ear.refuse()
            return self._ear

    def leave_to_parent(self) -> None:
        LEFT_TO_THE_PARENT.append((self._pool, self._ear, self._doctor))
        self._start_over()

    def _start_over(self) -> None:
        self._lock = Lock()
        self._making = threading.Lock()
        self._pool: _AsyncPool | None = None
        self._dialer: AsyncDialer | None = None
        self._ear = None
        self._doctor = None

    def _scope(self, binding: Binding) -> AsyncScope:
        return AsyncScope(self, binding)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Scopes that are open end as they would."""
        self._is_closed = True
        async with self._lock:
            pool, dialer = self._pool, self._dialer
            self._pool = None
        if dialer is not None:
            dialer.closing.set()
        if self._ear is not None:
            await self._ear.close()
        if self._doctor is not None:
            await self._doctor.close()
        if self._replicas is not None:
            await self._replicas.close()
        if pool is not None:
            await pool.close()

    async def reach(self, *, seconds: float) -> None:
        """Raise why no server answers, asked once and no longer than that: a pool tries for as long as its callers wait."""
        wait = max(2, round(min(seconds, self.settings.pool_timeout)))
        arguments: dict[str, Any] = {"connect_timeout": wait, **self.settings.conninfo}
        try:
            conn = await AsyncConnection.connect(**arguments)
        except psycopg.OperationalError as error:
            raise unreachable(self.settings, error) from error
        await conn.close()

    async def ping(self) -> Ping:
        """Whether the database is reached, as whom, how fast; raises why not."""
        pool, conn = await self.borrow()
        try:
            conn.start_lend(None, single=False)
            said = await (await AsyncCursor(conn).execute(PING)).fetchone()
            started = monotonic()
            await AsyncCursor(conn).execute("select 1")
            return found(self.settings, conn, said, monotonic() - started)
        except psycopg.Error as error:
            fail(error)
        finally:
            await self.give_back(pool, conn, failed=True)

    async def health(self) -> Health:
        """How the database stands, as this store's login sees it. A database that cannot be reached is an answer, not an error."""
        # Whoever asks for health pays for what it needs.
        from renderstore._scope.aio.health import measure
        from renderstore.health import unreached

        if self._is_closed:
            return unreached(self._refused(None).sentence)
        if self._doctor is None:
            # On a connection of its own: a full pool is seen, and not waited for.
            self._doctor = self.bounded(size=1, seconds=5)
        stats = {} if self._pool is None else self._pool.get_stats()
        used = stats.get("pool_size", 0) - stats.get("pool_available", 0)
        return await measure(
            self._doctor,
            pool_used_percent=100 * used / self.settings.pool_size,
            waiting=stats.get("requests_waiting", 0),
        )

    async def _open(self) -> _AsyncPool:
        async with self._lock:
            if self._is_closed:
                raise self._refused(None)
            if self._pool is None or self._pool.closed:
                pool: _AsyncPool
                dialer = AsyncDialer(
                    self.settings,
                    waiting=lambda: pool.get_stats().get("requests_waiting", 0),
                    # Not where the pool itself works, which closing waits for.
                    give_up=lambda: in_background(pool.close),
                )
                pool = AsyncConnectionPool(
                    connection_class=connection_class(self._plain),
                    kwargs={**self._connection_arguments(), "dialer": dialer},
                    reconnect_failed=_grow_again,
                    **self._pool_arguments(),
                )
                await pool.open()
                self._pool, self._dialer = pool, dialer
            return self._pool

    async def borrow(self) -> tuple[_AsyncPool, AsyncScopedConnection]:
        """A connection that answers, and the pool that it goes back to."""
        give_up_at = monotonic() + self.settings.pool_timeout
        # Whoever begins to wait while the pool is given up on is woken by nobody.
        patience = _SHORT if self.settings.is_replica else self.settings.pool_timeout
        while True:
            pool = self._pool
            if pool is None or pool.closed:
                pool = await self._open()
            dialer = self._dialer
            try:
                conn = await get(pool, min(patience, give_up_at - monotonic()))
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
                    if not await _answers(conn, self.settings.is_replica):
                        break
            except BaseException:
                conn.pgconn.finish()
                await put(pool, conn)
                raise
            # Not the pool's own `check`, which costs a round trip and then sleeps for seconds.
            if dialer is not None:
                dialer.types = None  # with the server, the database may be another one
            conn.pgconn.finish()
            await put(pool, conn)

    async def lend(
        self, binding: Binding, single: bool
    ) -> tuple[_AsyncPool, AsyncScopedConnection]:
        """A connection with its scope begun."""
        lender = self._replicas if binding.may_lag else None
        pool, conn = await (lender or self).borrow()
        try:
            await conn.lend(binding, single)
        except BaseException as error:
            await self.give_back(pool, conn, failed=True)
            if isinstance(error, psycopg.Error):
                fail(error)
            raise
        return pool, conn

    async def give_back(
        self, pool: _AsyncPool, conn: AsyncScopedConnection, failed: bool
    ) -> None:
        """End the scope and return its connection, whatever happens on the way."""
        conn.note_loss()
        try:
            await conn.leave(failed)
            if conn.is_use_due and not conn.closed:
                await _note_use(conn)
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
            await put(pool, conn)


class AsyncScope:
    """One transaction with its binding: `async with scope as conn`, or `await scope.run(function, …)`."""

    __slots__ = ("_binding", "_lent", "_store")

    def __init__(self, store: AsyncStore, binding: Binding) -> None:
        self._store, self._binding = store, binding
        self._lent: tuple[_AsyncPool, AsyncScopedConnection] | None = None

    def serializable(self) -> AsyncScope:
        """The same scope in a serializable transaction (see renderstore.retry)."""
        return AsyncScope(self._store, self._binding.serializable())

    def reading(self) -> AsyncScope:
        """The same scope for who only reads: a replica answers, where there is one, and may lack what was committed just now."""
        return AsyncScope(self._store, self._binding.reading())

    async def __aenter__(self) -> AsyncConnection[TupleRow]:
        if self._lent is not None:
            raise ScopeBroken(ENTERED)
        self._lent = await self._store.lend(self._binding, single=False)
        return self._lent[1]

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._lent is not None
        (pool, conn), self._lent = self._lent, None
        # Before the connection is left, which may tell of another trouble.
        said = None if error is None else understood(error, conn)
        await self._store.give_back(pool, conn, failed=kind is not None)
        if said is not None and said is not error:
            raise said from error

    async def run(
        self,
        function: Callable[Concatenate[AsyncConnection[TupleRow], P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """One function of one statement in a transaction of its own, in one round trip.

        An administrator's or a token's scope asks before a function that is none of this package's.
        """
        single = rides(self._binding, function)
        pool, conn = await self._store.lend(self._binding, single)
        failed = True
        try:
            result = await function(conn, *args, **kwargs)
            failed = False
        except (psycopg.Error, Error) as error:
            if (said := understood(error, conn)) is error:
                raise
            raise said from error
        finally:
            await self._store.give_back(pool, conn, failed)
        return result


def aconnect(
    url: str | None = None,
    *,
    size: int | None = None,
    timeout: float | None = None,
    pooler: bool | None = None,
    reads: str | None = None,
    max_lag: float | None = None,
    plain: bool = False,
    env_file: EnvFile = ENV_FILES,
) -> AsyncStore:
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
    return AsyncStore(where, plain=plain)


async def _answers(conn: AsyncScopedConnection, is_replica: bool) -> bool:
    """Where one connection was lost the others may be about to be: ask each before a caller does."""
    conn.start_lend(None, single=False)
    began = monotonic()
    try:
        await AsyncCursor(conn).execute("select 1")
    except psycopg.Error:
        return False
    conn.made_at = began
    return conn.is_standby() is is_replica


async def _note_use(conn: AsyncScopedConnection) -> None:
    """A token was used. Once a minute, after its scope: a note that fails is nobody's error."""
    token = conn.token
    conn.start_lend(None, single=False)
    try:
        await AsyncCursor(conn).execute(NOTE_USE, (token,))
    except psycopg.Error as error:
        log.warning("The use of a token was not noted: %s", error)
    await conn.leave(failed=True)


async def _grow_again(pool: _AsyncPool) -> None:
    """Somebody may have begun to wait after the dialer had seen nobody."""
    if pool.get_stats().get("requests_waiting", 0):
        await pool.check()
