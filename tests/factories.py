"""Rows that are valid unless a test says otherwise: `users.make(database, role="admin")`.

They are written as the server's administrator, past every policy and grant, but never past
a constraint or a trigger. A column that a test names takes what it says; a parent that it
does not name is made.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from renderstore.errors import NotFound
from renderstore.store import SyncScope, SyncStore
from renderstore.testing import Database
from renderstore.work import JobKind, workers

Conn = Connection[Any]
K = TypeVar("K")

_numbers = count(1)


def unique() -> int:
    """A number that no other row of this run has."""
    return os.getpid() * 1_000_000 + next(_numbers)


def ago(**by: float) -> datetime:
    """A time in the past: `ago(hours=1)`."""
    return datetime.now(UTC) - timedelta(**by)


def ahead(**by: float) -> datetime:
    """A time to come: `ahead(hours=1)`."""
    return datetime.now(UTC) + timedelta(**by)


@dataclass(frozen=True, slots=True)
class Factory(Generic[K]):
    """Makes rows of one table."""

    table: str
    columns: Mapping[str, Callable[[Conn], object]]
    """What a column holds where a test does not say."""
    key: str = "id"

    def make(self, where: Database | Conn, **changes: object) -> K:
        """A row with these changes; gives its key."""
        with _connection(where) as conn:
            values = {
                name: changes[name] if name in changes else default(conn)
                for name, default in self.columns.items()
            } | changes
            row = conn.execute(self._insert(values), values).fetchone()
        assert row is not None
        key: K = row[0]
        return key

    def _insert(self, values: Mapping[str, object]) -> sql.Composed:
        if not values:
            return sql.SQL("insert into {} default values returning {}").format(
                sql.Identifier(*self.table.split(".")), sql.Identifier(self.key)
            )
        return sql.SQL("insert into {} ({}) values ({}) returning {}").format(
            sql.Identifier(*self.table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
            sql.Identifier(self.key),
        )


@contextmanager
def _connection(where: Database | Conn) -> Generator[Conn]:
    if isinstance(where, Database):
        with psycopg.connect(where.admin_url) as conn:
            yield conn
    else:
        yield where


def look(database: Database, query: str, **parameters: object) -> list[tuple[Any, ...]]:
    """What the administrator sees: how a test asserts."""
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(query.encode(), parameters).fetchall()


plans: Factory[str] = Factory(
    "identity.plans",
    {"id": lambda _: f"plan_{unique()}", "name": lambda _: "A plan"},
)
farms: Factory[int] = Factory("ops.farms", {"name": lambda _: "A farm"})
users: Factory[UUID] = Factory(
    "identity.users", {"email": lambda _: f"user{unique()}@example.org"}
)
user_secrets: Factory[UUID] = Factory(
    "identity.user_secrets", {"user_id": users.make}, key="user_id"
)
macos_accounts: Factory[UUID] = Factory(
    "identity.macos_accounts",
    {"user_id": users.make, "name": lambda _: f"mac{unique()}"},
)
accounts: Factory[UUID] = Factory(
    "identity.accounts",
    {
        "user_id": users.make,
        "type": lambda _: "oidc",
        "provider": lambda _: "google",
        "provider_account_id": lambda _: str(unique()),
    },
)
web_sessions: Factory[UUID] = Factory(
    "identity.web_sessions",
    {
        "user_id": users.make,
        "session_token": lambda _: secrets.token_hex(),
        "expires_at": lambda _: ahead(hours=1),
    },
)
verification_tokens: Factory[str] = Factory(
    "identity.verification_tokens",
    {
        "identifier": lambda _: f"user{unique()}@example.org",
        "token": lambda _: secrets.token_hex(),
        "expires_at": lambda _: ahead(hours=1),
    },
    key="identifier",
)
session_tokens: Factory[UUID] = Factory(
    "identity.session_tokens",
    {
        "user_id": users.make,
        "token_hash": lambda _: secrets.token_bytes(32),
        "expires_at": lambda _: ahead(hours=1),
    },
)
api_tokens: Factory[UUID] = Factory(
    "identity.api_tokens",
    {
        "name": lambda _: "A token",
        "service": lambda _: "bravo",
        "prefix": lambda _: f"rs_{secrets.token_hex(4)}",
        "token_hash": lambda _: secrets.token_bytes(32),
        "roles": lambda _: ["worker"],
    },
)


# The queue


@dataclass(frozen=True, slots=True)
class Job:
    """A render job's key."""

    user_id: UUID
    id: UUID

    @property
    def key(self) -> dict[str, Any]:
        """The key as a query's parameters."""
        return {"user_id": self.user_id, "id": self.id}


_SUBMITTED = {
    "kind",
    "priority",
    "labels",
    "max_failures",
    "backoff_s",
    "estimated_s",
    "due_at",
    "auto_cancel_at",
    "idempotency_key",
}
_TAKE = """
with gone as (
    delete from work.ready
    where user_id = %(user_id)s and job_id = %(id)s
),
nowhere as (
    delete from work.arrivals
    where user_id = %(user_id)s and job_id = %(id)s
)

update work.jobs
set
    status = %(status)s,
    attempt = attempt + 1,
    held_by = %(held_by)s,
    lease_expires_at = now() + interval '60 seconds',
    started_at = now(),
    due_at = null
where user_id = %(user_id)s and id = %(id)s
"""
_END = """
select work.end_run(j, %(outcome)s, %(error_class)s)
from work.jobs as j
where j.user_id = %(user_id)s and j.id = %(id)s
"""


def job(
    where: Database | Conn,
    status: str = "queued",
    *,
    held_by: str = "mac-1",
    needs: list[Job] | None = None,
    on_failure: str = "cancel",
    **columns: object,
) -> Job:
    """A render job in this status, with its specification, brought there step by step."""
    with _connection(where) as conn, conn.transaction():
        user_id = columns.pop("user_id", None) or users.make(conn)
        asked = {"kind": "render"} | {
            name: columns.pop(name) for name in _SUBMITTED & columns.keys()
        }
        if status == "pending" and not needs:
            asked.setdefault("due_at", ahead(hours=1))
        if status == "validating":
            asked["is_unchecked"] = True
        offer(conn, asked.get("labels"))
        row = conn.execute(
            sql.SQL("select id from work.submit(user_id => {}, {})").format(
                sql.Literal(str(user_id)),
                sql.SQL(", ").join(
                    sql.SQL("{} => {}").format(
                        sql.Identifier(name), sql.Placeholder(name)
                    )
                    for name in [*asked, "needs_job_ids", "on_failure"]
                ),
            ),
            asked
            | {
                "needs_job_ids": [each.id for each in needs or []],
                "on_failure": on_failure,
            },
        ).fetchone()
        assert row is not None
        made = Job(UUID(str(user_id)), row[0])
        conn.execute(
            "insert into render.specs (user_id, job_id, project_path, output_path)"
            " values (%s, %s, '/projects/spot.aep', '/renders/spot.mov')",
            [made.user_id, made.id],
        )
        conn.execute("select work.open_lanes()")
        key = made.key | {"held_by": held_by}
        if status == "validating":
            conn.execute(_TAKE, key | {"status": "validating"})
        elif status in ("running", "completed", "failed"):
            conn.execute(_TAKE, key | {"status": "running"})
        if status == "completed":
            conn.execute(_END, key | {"outcome": "completed", "error_class": None})
        elif status == "failed":
            conn.execute(
                "update work.jobs set failures = max_failures - 1"
                " where user_id = %(user_id)s and id = %(id)s",
                key,
            )
            conn.execute(_END, key | {"outcome": "failed", "error_class": "crash"})
        elif status == "cancelled":
            conn.execute(
                "select work.cancel_waiting(array[%(user_id)s], array[%(id)s], null, false)",
                key,
            )
        if columns:
            conn.execute(
                sql.SQL("update work.jobs set {} where id = {}").format(
                    sql.SQL(", ").join(
                        sql.SQL("{} = {}").format(
                            sql.Identifier(name), sql.Placeholder(name)
                        )
                        for name in columns
                    ),
                    sql.Literal(str(made.id)),
                ),
                columns,
            )
    return made


def take(where: Database | Conn, made: Job, held_by: str = "mac-1") -> None:
    """A worker holds this very job, whatever the line says."""
    with _connection(where) as conn:
        conn.execute(_TAKE, made.key | {"held_by": held_by, "status": "running"})


def registered(
    store: SyncStore,
    name: str,
    labels: Sequence[str] = (),
    kinds: Sequence[JobKind] = tuple(JobKind),
) -> SyncScope:
    """A worker's scope, which has said what it takes and offers. Once: to register anew takes over what the name holds."""
    scope = store.worker(name)
    try:
        known = scope.run(workers.get, name=name)
    except NotFound:
        known = None
    if (
        known is None
        or set(known.kinds) != set(kinds)
        or set(known.labels) != set(labels)
    ):
        scope.run(workers.register, kinds=list(kinds), labels=list(labels))
    return scope


def offer(where: Database | Conn, labels: object) -> None:
    """Labels that jobs may ask for, as a worker's registration brings them."""
    with _connection(where) as conn:
        conn.execute(
            "insert into work.labels (name) select unnest(%s::text[])"
            " on conflict do nothing",
            [
                list(cast("Sequence[str]", labels))
                if isinstance(labels, list | tuple)
                else []
            ],
        )


def status(database: Database, made: Job) -> str:
    """Where a job stands."""
    [(found,)] = look(
        database,
        "select status::text from work.jobs where user_id = %(user_id)s and id = %(id)s",
        **made.key,
    )
    return str(found)


@contextmanager
def acting(
    database: Database, role: str, user_id: UUID | None = None, actor: str = ""
) -> Generator[Conn]:
    """A plain transaction as this group role: how a program without Python acts."""
    with psycopg.connect(database.url) as conn:
        conn.execute(
            "select identity.bind(%s, %s, %s)", [f"renderstore_{role}", user_id, actor]
        )
        yield conn
