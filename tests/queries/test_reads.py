"""Every query that only reads runs in a transaction that may not write, so that a replica can answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from tests.api.vocabulary import SYNC, arguments
from tests.factories import users

from renderstore import settings
from renderstore._paths import QUERIES
from renderstore._queries import AREA, load
from renderstore.errors import NotAllowed, NotFound
from renderstore.store import SyncStore, connect
from renderstore.testing import Database, Server

_WRITES = re.compile(
    r"\b(insert\s+into|update|delete\s+from|merge\s+into)\s", re.IGNORECASE
)
_CALL = re.compile(r"\b(\w+\.\w+)\s*\(")

READ_BY_NAME = ("get", "find", "list", "count", "search", "check")
"""The verbs that promise to read and no more."""

SAMPLES: Mapping[str, Mapping[str, object]] = {
    "renderstore.work.waits.is_settled": {"horizon": "1"},
}
"""What a parameter takes where its type alone does not say."""

LOCKS = frozenset({"for update", "for no key update", "for share", "for key share"})


def statements() -> Mapping[str, str]:
    """Each query by the name of its function."""
    found: dict[str, str] = {}
    for path in sorted(QUERIES.glob("*/*.sql")):
        area, name = path.parent.name, path.stem
        for query, statement in load(area, name).items():
            place = f"renderstore.{area}.{name}.{query}"
            found[place] = re.sub(r"/\*.*?\*/", "", statement.sql.decode())
    return found


STATEMENTS = statements()
BY_NAME = {
    name
    for name in STATEMENTS
    if name.rpartition(".")[2].partition("_")[0] in READ_BY_NAME
}


def writers(volatile: set[str]) -> set[str]:
    """Queries that write: by a word of theirs, or by a function of ours that may."""
    return {
        name
        for name, text in STATEMENTS.items()
        if _WRITES.search(text) or volatile & set(_CALL.findall(text))
    }


@pytest.fixture(scope="module")
def shared(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


@pytest.fixture(scope="module")
def volatile(shared: Database) -> set[str]:
    """Our functions that are neither stable nor immutable."""
    with psycopg.connect(shared.admin_url) as conn:
        rows = conn.execute(
            "select pronamespace::regnamespace::text || '.' || proname from pg_proc"
            " where provolatile = 'v' and proowner = 'renderstore_owner'::regrole"
        ).fetchall()
    return {str(row[0]) for row in rows}


@pytest.fixture(scope="module")
def reading(shared: Database) -> Generator[SyncStore]:
    """A store whose every transaction only reads."""
    parameters = settings.parse(shared.url).conninfo
    parameters["options"] = "-c default_transaction_read_only=on"
    with connect(settings.write_url(parameters)) as store:
        yield store


def ran(store: SyncStore, shared: Database, name: str) -> bool:
    """Whether a scope let the function run; it may find nothing."""
    function: Callable[..., Any] = SYNC[name]
    sent = arguments(function) | dict(SAMPLES.get(name, {}))
    user_id = users.make(shared)
    scopes = (
        store.user(user_id),
        store.auth(),
        store.worker("mac-1"),
        store.admin(reason="the tests' DBA"),
        store.readonly(),
    )
    done = False
    for scope in scopes:
        with suppress(NotAllowed):
            with suppress(NotFound), scope as conn:
                assert conn.execute("show transaction_read_only").fetchone() == ("on",)
                function(conn, **sent)
            done = True
    return done


def test_every_query_has_a_function() -> None:
    assert STATEMENTS.keys() == SYNC.keys()
    assert any(name.endswith(f".{AREA}.list_problems") for name in STATEMENTS)


def test_whoever_is_named_for_reading_reads(
    shared: Database, reading: SyncStore, volatile: set[str]
) -> None:
    reads = BY_NAME | (STATEMENTS.keys() - writers(volatile))
    assert len(reads) > 30
    failed: dict[str, str] = {}
    for name in sorted(reads):
        try:
            assert ran(reading, shared, name), "no scope lets it run"
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    assert not failed, "\n".join(f"{name}: {why}" for name, why in failed.items())


def test_a_query_that_reads_locks_nothing(volatile: set[str]) -> None:
    reads = BY_NAME | (STATEMENTS.keys() - writers(volatile))
    locking = {
        name for name in reads for lock in LOCKS if lock in STATEMENTS[name].lower()
    }
    assert not locking


def test_a_query_that_writes_is_refused_there(reading: SyncStore) -> None:
    create = SYNC["renderstore.identity.plans.create"]
    with (
        pytest.raises(Exception, match="reads only"),
        reading.admin(reason="the tests' DBA") as conn,
    ):
        create(conn, **arguments(create) | {"id": "new"})
