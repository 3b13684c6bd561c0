"""What stores of both colours share: the vocabulary of scopes, and what a pool is told."""

from __future__ import annotations

import os
import weakref
from abc import abstractmethod
from dataclasses import dataclass
from logging import getLogger
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload
from uuid import UUID

from psycopg.rows import TupleRow

from renderstore._scope.binding import SERIALIZABLE, Binding, bind, bind_token
from renderstore._scope.connection import Scoped
from renderstore._scope.dial import Dialing
from renderstore.errors import Error, Misconfigured, PoolExhausted, StoreClosed
from renderstore.settings import Settings

if TYPE_CHECKING:
    from renderstore.identity.enums import TokenRole
    from renderstore.secrets import Secret

S = TypeVar("S")

log = getLogger("renderstore")

# A host that vanishes ends no connection; where another one answers, that is found out soon.
_SOON = {
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


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
        for note in settings.notes:
            log.warning("%s", note)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.settings.safe_url}>"

    def bounded(self, *, size: int, seconds: float) -> Self:
        """Another store on the same database, with connections of its own that wait no longer than this for anything."""
        settings = self.settings.bounded(
            size=size, seconds=seconds, pooler=self.is_pooled
        )
        return type(self)(settings, plain=self._plain)

    @property
    @abstractmethod
    def is_pooled(self) -> bool:
        """Whether a transaction pooler stands between: as it was said, or found out once a connection was made."""

    @abstractmethod
    def leave_to_parent(self) -> None:
        """After a fork: the parent's connections are kept untouched, since collecting them would end them."""

    @abstractmethod
    def _scope(self, binding: Binding) -> S:
        """A scope that begins with this binding."""

    def user(self, user_id: UUID) -> S:
        """One user's rows and no others."""
        who = str(user_id)
        return self._scope(bind("renderstore_app", user_id=who, actor=f"user:{who}"))

    def acting(self, user_id: UUID, actor: str) -> S:
        """One user's rows for somebody else: a token that another node has checked."""
        return self._scope(
            bind("renderstore_app", user_id=str(user_id), actor=_said("actor", actor))
        )

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
        """Everybody's rows: for an active administrator, or for a DBA who gives a reason.

        Whether the user is an administrator is asked when the scope is entered.
        """
        if user_id is not None and reason is None:
            return self._scope(
                bind(
                    "renderstore_admin",
                    user_id=str(user_id),
                    actor=f"admin:{user_id}",
                    asks=True,
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

        Asked when the scope is entered: nothing is done for a token that is refused. Its SHA-256 is
        sent, never the token; the scope's actor is `token:` and its id.
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

    def readonly(self, *, at_primary: bool = False) -> S:
        """Every row, nothing secret, nothing to change.

        A replica answers, where there is one, and may lack what was committed just now; at_primary never does.
        """
        return self._scope(
            bind("renderstore_readonly", actor="readonly", may_lag=not at_primary)
        )

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
        longest = 3 if self.settings.has_another else 10
        wait = max(2, min(longest, round(self.settings.pool_timeout)))
        return {
            "connect_timeout": wait,
            **(_SOON if self.settings.has_another else {}),
            **self.settings.conninfo,
            "autocommit": True,  # psycopg begins nothing by itself
            # Behind a transaction pooler a prepared statement may live on another connection.
            "prepare_threshold": None if self.settings.pooler else 5,
        }

    def _refused(self, dialer: Dialing | None) -> Error:
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


def rides(binding: Binding, function: object) -> bool:
    """Whether a binding may travel with the statement of this function, as one transaction of both.

    Where it decides who may enter, only with a generated one: anybody else's may do something before it asks.
    """
    if binding.begin is SERIALIZABLE:
        return False
    module = getattr(function, "__module__", None) or ""
    return not binding.asks or module.startswith("renderstore.")


ENTERED = "This scope is open already: ask the store for another one."
PING = (
    "select current_setting('server_version'), session_user::text,"
    " current_database()::text, pg_backend_pid()"
)


def found(
    settings: Settings,
    conn: Scoped,
    said: TupleRow | None,
    seconds: float,
) -> Ping:
    """What a ping found."""
    assert said is not None
    version, login, database, pid = said
    return Ping(
        server_version=version,
        login=login,
        database=database,
        host=conn.info.host if "," in settings.host else settings.host,
        port=conn.info.port if "," in settings.host else settings.port,
        milliseconds=seconds * 1000,
        # A pooler makes the process numbers up that it tells its clients.
        is_pooled=bool(settings.pooler) or conn.info.backend_pid != pid,
    )


STORES: weakref.WeakSet[Store[Any]] = weakref.WeakSet()
LEFT_TO_THE_PARENT: list[object] = []


def _after_fork() -> None:
    """A child must not speak on its parent's connections, nor close them: it starts over."""
    for store in list(STORES):
        store.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
