"""Stores and scopes: who borrows a connection for whom, and how it is given back."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from logging import getLogger
from time import monotonic
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolClosed, PoolTimeout

from renderstore import settings as _settings
from renderstore._environment import ENV_FILES, EnvFile
from renderstore._scope.binding import Binding, bind, bind_token
from renderstore._scope.bound import async_connection_class, connection_class
from renderstore._scope.connection import AsyncScopedConnection, ScopedConnection
from renderstore._scope.dial import AsyncDialer, Dialer
from renderstore.errors import (
    Error,
    Misconfigured,
    PoolExhausted,
    ScopeBroken,
    StoreClosed,
    translate,
)
from renderstore.settings import Settings

if TYPE_CHECKING:
    from renderstore.identity.enums import TokenRole
    from renderstore.secrets import Secret

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")

_log = getLogger("renderstore")

_Pool = ConnectionPool[ScopedConnection]
_AsyncPool = AsyncConnectionPool[AsyncScopedConnection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """What a database says when it is reached."""

    server_version: str
    login: str
    database: str
    host: str
    port: int
    milliseconds: float
    is_pooled: bool
    """Whether something like PgBouncer seems to stand between."""


class Store(Generic[S]):
    """The vocabulary of scopes, the same for both colours: `S` is SyncScope or AsyncScope."""

    def __init__(self, settings: Settings, *, plain: bool = False) -> None:
        self.settings = settings
        self._plain = plain
        self._is_closed = False
        self._lost_at = 0.0  # when a connection was last found to be lost
        for note in settings.notes:
            _log.warning("%s", note)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.settings.safe_url}>"

    @abstractmethod
    def _scope(self, binding: Binding) -> S:
        """A scope that begins with this binding."""

    def user(self, user_id: UUID) -> S:
        """One user's rows and no others."""
        who = str(user_id)
        return self._scope(bind("renderstore_app", user_id=who, actor=f"user:{who}"))

    def auth(self) -> S:
        """Before the user is known: sign-in and token checks."""
        return self._scope(bind("renderstore_auth", actor="auth"))

    def worker(self, name: str) -> S:
        """What a worker of this name may do."""
        return self._scope(
            bind("renderstore_worker", actor=f"worker:{_said('worker', name)}")
        )

    @overload
    def admin(self, user_id: UUID) -> S: ...

    @overload
    def admin(self, *, reason: str) -> S: ...

    def admin(self, user_id: UUID | None = None, *, reason: str | None = None) -> S:
        """Everybody's rows: for an active administrator, or for a DBA who gives a reason."""
        if user_id is not None and reason is None:
            return self._scope(
                bind(
                    "renderstore_admin", user_id=str(user_id), actor=f"admin:{user_id}"
                )
            )
        if user_id is not None or reason is None:
            raise Misconfigured(
                "admin() takes an administrator's id, or reason=… from a DBA who is no user here."
            )
        return self._scope(
            bind("renderstore_admin", actor=f"dba:{_said('reason', reason)}")
        )

    def token(
        self,
        secret: str | Secret,
        *,
        role: TokenRole | None = None,
        user_id: UUID | None = None,
    ) -> S:
        """What an API token may do: as its only role or this one, for its only user or this one.

        The token's SHA-256 is sent, never the token; the scope's actor is `token:` and its id.
        """
        # Only who uses tokens pays for loading cryptography.
        from renderstore.secrets import hash_token

        return self._scope(
            bind_token(
                hash_token(secret),
                role=None if role is None else str(role),
                user_id=user_id,
            )
        )

    def readonly(self) -> S:
        """Every row, nothing secret, nothing to change."""
        return self._scope(bind("renderstore_readonly", actor="readonly"))

    def _pool_arguments(self) -> dict[str, Any]:
        wait = self.settings.pool_timeout
        return {
            # Connections are made when somebody waits for one, in the dialer's own rhythm.
            "min_size": 0,
            "max_size": self.settings.pool_size,
            "timeout": wait,
            "reconnect_timeout": 0,
            "open": False,
        }

    def _connection_arguments(self) -> dict[str, Any]:
        wait = max(2, min(10, round(self.settings.pool_timeout)))
        return {
            "connect_timeout": wait,
            **self.settings.conninfo,
            "autocommit": True,  # psycopg begins nothing by itself
            # Behind a transaction pooler a prepared statement may live on another connection.
            "prepare_threshold": None if self.settings.pooler else 5,
        }

    def _refused(self, error: Exception, dialer: Dialer | AsyncDialer | None) -> Error:
        """Why the pool gave no connection."""
        if self._is_closed:
            return StoreClosed("This store is closed: connect() makes another one.")
        if dialer is not None and dialer.failure is not None:
            return dialer.unreachable()
        size, wait = self.settings.pool_size, self.settings.pool_timeout
        waiting = dialer.waiting() if dialer is not None else 0
        return PoolExhausted(
            f"All {size} connections were in use for {wait:g} seconds, and {waiting} other"
            " callers wait. Hold scopes for a shorter time, or raise the pool's size"
            " (connect(size=…), connection_limit in the URL, RENDERSTORE_POOL_SIZE)"
            " or its timeout."
        )


def _said(what: str, text: str) -> str:
    if not text.strip():
        raise Misconfigured(
            f"A {what} must say something: it is what the audit trail names."
        )
    return text


def _raise_translated(error: psycopg.Error) -> None:
    translated = translate(error)
    if translated is error:
        raise error
    raise translated from error


class SyncStore(Store["SyncScope"]):
    """A store for threads. Opens with its first scope; `close()` it or use it with `with`."""

    def __init__(self, settings: Settings, *, plain: bool = False) -> None:
        super().__init__(settings, plain=plain)
        self._start_over()
        _STORES.add(self)

    def leave_to_parent(self) -> None:
        """After a fork: the parent's connections are kept untouched, since collecting them would end them."""
        _LEFT_TO_THE_PARENT.append(self._pool)
        self._start_over()

    def _start_over(self) -> None:
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._dialer: Dialer | None = None

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
        if pool is not None:
            pool.close()

    def ping(self) -> Ping:
        """Whether the database is reached, as whom, how fast; raises why not."""
        pool, conn = self.borrow()
        try:
            conn.start_lend(None, single=False)
            said = Cursor(conn).execute(_PING).fetchone()
            started = monotonic()
            Cursor(conn).execute("select 1")
            return _ping(self.settings, conn, said, monotonic() - started)
        except psycopg.Error as error:
            _raise_translated(error)
            raise
        finally:
            self.give_back(pool, conn, failed=True)

    def _open(self) -> _Pool:
        with self._lock:
            if self._is_closed:
                raise self._refused(PoolClosed(), None)
            if self._pool is None or self._pool.closed:
                pool: _Pool
                dialer = Dialer(
                    self.settings,
                    waiting=lambda: pool.get_stats().get("requests_waiting", 0),
                    # Not in the pool's own thread, which closing waits for.
                    give_up=lambda: threading.Thread(target=pool.close).start(),
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
        pool = self._pool
        if pool is None or pool.closed:
            pool = self._open()
        dialer = self._dialer
        give_up_at = monotonic() + self.settings.pool_timeout
        while True:
            try:
                conn = pool.getconn(give_up_at - monotonic())
            except (PoolClosed, PoolTimeout) as error:
                refused = self._refused(error, dialer)
                raise refused from (dialer.failure if dialer else None)
            try:
                answers = conn.is_alive() and (
                    conn.made_at > self._lost_at or _answers(conn)
                )
            except BaseException:
                conn.pgconn.finish()
                pool.putconn(conn)
                raise
            if answers:
                return pool, conn
            # Not the pool's own `check`, which costs a round trip and then sleeps for seconds.
            if dialer is not None:
                dialer.types = None  # with the server, the database may be another one
            conn.pgconn.finish()
            pool.putconn(conn)

    def lend(self, binding: Binding, single: bool) -> tuple[_Pool, ScopedConnection]:
        pool, conn = self.borrow()
        try:
            conn.lend(binding, single)
        except BaseException as error:
            self.give_back(pool, conn, failed=True)
            if isinstance(error, psycopg.Error):
                _raise_translated(error)
            raise
        return pool, conn

    def give_back(self, pool: _Pool, conn: ScopedConnection, failed: bool) -> None:
        """End the scope and return its connection, whatever happens on the way."""
        if conn.closed:
            self._lost_at = monotonic()
        try:
            conn.leave(failed)
        except psycopg.Error as error:
            if not failed:
                _raise_translated(error)
        except Exception:
            if not failed:
                raise
        except BaseException:
            conn.pgconn.finish()
            raise
        finally:
            pool.putconn(conn)


class AsyncStore(Store["AsyncScope"]):
    """A store for asyncio, on the loop that its first scope is entered in."""

    def __init__(self, settings: Settings, *, plain: bool = False) -> None:
        super().__init__(settings, plain=plain)
        self._start_over()
        _STORES.add(self)

    def leave_to_parent(self) -> None:
        """After a fork: the parent's connections are kept untouched, since collecting them would end them."""
        _LEFT_TO_THE_PARENT.append(self._pool)
        self._start_over()

    def _start_over(self) -> None:
        self._lock = asyncio.Lock()
        self._pool: _AsyncPool | None = None
        self._dialer: AsyncDialer | None = None
        self._closing: asyncio.Task[None] | None = None

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
        if pool is not None:
            await pool.close()

    async def ping(self) -> Ping:
        """Whether the database is reached, as whom, how fast; raises why not."""
        pool, conn = await self.borrow()
        try:
            conn.start_lend(None, single=False)
            said = await (await AsyncCursor(conn).execute(_PING)).fetchone()
            started = monotonic()
            await AsyncCursor(conn).execute("select 1")
            return _ping(self.settings, conn, said, monotonic() - started)
        except psycopg.Error as error:
            _raise_translated(error)
            raise
        finally:
            await self.give_back(pool, conn, failed=True)

    def _give_up(self, pool: _AsyncPool) -> None:
        # Not in the pool's own task, which closing waits for. The name keeps the task alive.
        self._closing = asyncio.create_task(pool.close())

    async def _open(self) -> _AsyncPool:
        async with self._lock:
            if self._is_closed:
                raise self._refused(PoolClosed(), None)
            if self._pool is None or self._pool.closed:
                pool: _AsyncPool
                dialer = AsyncDialer(
                    self.settings,
                    waiting=lambda: pool.get_stats().get("requests_waiting", 0),
                    give_up=lambda: self._give_up(pool),
                )
                pool = AsyncConnectionPool(
                    connection_class=async_connection_class(self._plain),
                    kwargs={**self._connection_arguments(), "dialer": dialer},
                    reconnect_failed=_agrow_again,
                    **self._pool_arguments(),
                )
                await pool.open()
                self._pool, self._dialer = pool, dialer
            return self._pool

    async def borrow(self) -> tuple[_AsyncPool, AsyncScopedConnection]:
        pool = self._pool
        if pool is None or pool.closed:
            pool = await self._open()
        dialer = self._dialer
        give_up_at = monotonic() + self.settings.pool_timeout
        while True:
            cancelled = _cancellations()
            try:
                conn = await pool.getconn(give_up_at - monotonic())
            except (PoolClosed, PoolTimeout) as error:
                refused = self._refused(error, dialer)
                raise refused from (dialer.failure if dialer else None)
            if _cancellations() != cancelled:
                await asyncio.shield(pool.putconn(conn))
                raise asyncio.CancelledError
            try:
                answers = conn.is_alive() and (
                    conn.made_at > self._lost_at or await _aanswers(conn)
                )
            except BaseException:
                conn.pgconn.finish()
                await asyncio.shield(pool.putconn(conn))
                raise
            if answers:
                return pool, conn
            if dialer is not None:
                dialer.types = None
            conn.pgconn.finish()
            await asyncio.shield(pool.putconn(conn))

    async def lend(
        self, binding: Binding, single: bool
    ) -> tuple[_AsyncPool, AsyncScopedConnection]:
        pool, conn = await self.borrow()
        try:
            await conn.lend(binding, single)
        except BaseException as error:
            await self.give_back(pool, conn, failed=True)
            if isinstance(error, psycopg.Error):
                _raise_translated(error)
            raise
        return pool, conn

    async def give_back(
        self, pool: _AsyncPool, conn: AsyncScopedConnection, failed: bool
    ) -> None:
        """End the scope and return its connection, whatever happens on the way."""
        if conn.closed:
            self._lost_at = monotonic()
        try:
            await conn.leave(failed)
        except psycopg.Error as error:
            if not failed:
                _raise_translated(error)
        except Exception:
            if not failed:
                raise
        except BaseException:
            conn.pgconn.finish()
            raise
        finally:
            # Cancelled in there, the pool would lose the connection.
            await asyncio.shield(pool.putconn(conn))


class SyncScope:
    """One transaction with its binding: `with scope as conn`, or `scope.run(function, …)`."""

    __slots__ = ("_binding", "_lent", "_store")

    def __init__(self, store: SyncStore, binding: Binding) -> None:
        self._store, self._binding = store, binding
        self._lent: tuple[_Pool, ScopedConnection] | None = None

    def serializable(self) -> SyncScope:
        """The same scope in a serializable transaction (see renderstore.retry)."""
        return SyncScope(self._store, replace(self._binding, begin=_SERIALIZABLE))

    def __enter__(self) -> Connection[TupleRow]:
        if self._lent is not None:
            raise ScopeBroken(_ENTERED)
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
        self._store.give_back(pool, conn, failed=kind is not None)

    def run(
        self,
        function: Callable[Concatenate[Connection[TupleRow], P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """One function of one statement in a transaction of its own, in one round trip."""
        single = self._binding.begin is not _SERIALIZABLE
        pool, conn = self._store.lend(self._binding, single)
        failed = True
        try:
            result = function(conn, *args, **kwargs)
            failed = False
        finally:
            self._store.give_back(pool, conn, failed)
        return result


class AsyncScope:
    """One transaction with its binding: `async with scope as conn`, or `await scope.run(function, …)`."""

    __slots__ = ("_binding", "_lent", "_store")

    def __init__(self, store: AsyncStore, binding: Binding) -> None:
        self._store, self._binding = store, binding
        self._lent: tuple[_AsyncPool, AsyncScopedConnection] | None = None

    def serializable(self) -> AsyncScope:
        """The same scope in a serializable transaction (see renderstore.retry)."""
        return AsyncScope(self._store, replace(self._binding, begin=_SERIALIZABLE))

    async def __aenter__(self) -> AsyncConnection[TupleRow]:
        if self._lent is not None:
            raise ScopeBroken(_ENTERED)
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
        await self._store.give_back(pool, conn, failed=kind is not None)

    async def run(
        self,
        function: Callable[Concatenate[AsyncConnection[TupleRow], P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """One function of one statement in a transaction of its own, in one round trip."""
        single = self._binding.begin is not _SERIALIZABLE
        pool, conn = await self._store.lend(self._binding, single)
        failed = True
        try:
            result = await function(conn, *args, **kwargs)
            failed = False
        finally:
            await self._store.give_back(pool, conn, failed)
        return result


_SERIALIZABLE = b"begin isolation level serializable"
_ENTERED = "This scope is open already: ask the store for another one."
_PING = (
    "select current_setting('server_version'), session_user::text,"
    " current_database()::text, pg_backend_pid()"
)


def connect(
    url: str | None = None,
    *,
    size: int | None = None,
    timeout: float | None = None,
    pooler: bool | None = None,
    plain: bool = False,
    env_file: EnvFile = ENV_FILES,
) -> SyncStore:
    """A store on this address, else on DATABASE_URL. Nothing is opened before its first scope.

    size: how many connections the pool holds at most.
    timeout: how many seconds a caller waits for one.
    pooler: whether a transaction pooler such as PgBouncer stands between.
    plain: take the way that uses psycopg's public names only (two more round trips).
    env_file: where DATABASE_URL is read when the environment does not set it: a file, or None for nowhere.
    """
    found = _settings.load(
        url, pool_size=size, pool_timeout=timeout, pooler=pooler, env_file=env_file
    )
    return SyncStore(found, plain=plain)


def aconnect(
    url: str | None = None,
    *,
    size: int | None = None,
    timeout: float | None = None,
    pooler: bool | None = None,
    plain: bool = False,
    env_file: EnvFile = ENV_FILES,
) -> AsyncStore:
    """The same for asyncio: `async with aconnect() as store`."""
    found = _settings.load(
        url, pool_size=size, pool_timeout=timeout, pooler=pooler, env_file=env_file
    )
    return AsyncStore(found, plain=plain)


def _ping(
    settings: Settings,
    conn: ScopedConnection | AsyncScopedConnection,
    said: TupleRow | None,
    seconds: float,
) -> Ping:
    assert said is not None
    version, login, database, pid = said
    return Ping(
        server_version=version,
        login=login,
        database=database,
        host=settings.host,
        port=settings.port,
        milliseconds=seconds * 1000,
        # A pooler makes the process numbers up that it tells its clients.
        is_pooled=bool(settings.pooler) or conn.info.backend_pid != pid,
    )


def _answers(conn: ScopedConnection) -> bool:
    """Where one connection was lost the others may be about to be: ask each once, before a caller does."""
    conn.start_lend(None, single=False)
    try:
        Cursor(conn).execute("select 1")
    except psycopg.Error:
        return False
    conn.made_at = monotonic()
    return True


async def _aanswers(conn: AsyncScopedConnection) -> bool:
    """The same for asyncio."""
    conn.start_lend(None, single=False)
    try:
        await AsyncCursor(conn).execute("select 1")
    except psycopg.Error:
        return False
    conn.made_at = monotonic()
    return True


def _grow_again(pool: _Pool) -> None:
    """Somebody may have begun to wait after the dialer had seen nobody."""
    if pool.get_stats().get("requests_waiting", 0):
        pool.check()


def _cancellations() -> int:
    """Before 3.12, wait_for in the pool loses a cancellation that arrives with a connection."""
    if sys.version_info >= (3, 12):
        return 0
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def _agrow_again(pool: _AsyncPool) -> None:
    if pool.get_stats().get("requests_waiting", 0):
        await pool.check()


_STORES: weakref.WeakSet[SyncStore | AsyncStore] = weakref.WeakSet()
_LEFT_TO_THE_PARENT: list[object] = []


def _after_fork() -> None:
    """A child must not speak on its parent's connections, nor close them: it starts over."""
    for store in list(_STORES):
        store.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
