"""What stands around the database: a pooler that nobody named, another way to write times, another encoding."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from datetime import UTC, timedelta

import psycopg
import pytest
from psycopg import sql
from tests.isolation.poolers import pgbouncer

from renderstore import SyncStore, aconnect, connect, identity, migrations, settings
from renderstore.aio import identity as aidentity
from renderstore.testing import Database, Server

ways = pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])


@pytest.fixture
def unnamed_pooler(database: Database) -> Generator[str]:
    """A pooler in transaction mode with two connections, and a URL that does not say so."""
    with pgbouncer(database.url, size=2) as url:
        yield url.removesuffix("&pgbouncer=true")


def said(caplog: pytest.LogCaptureFixture) -> int:
    return sum("Something like PgBouncer" in each for each in caplog.messages)


def count_often(store: SyncStore) -> None:
    """More often than psycopg waits before it prepares, on more connections than the pooler has."""
    for _ in range(8):
        with store.admin(reason="test") as one, store.admin(reason="test") as other:
            for conn in (one, other):
                identity.users.count(conn)


@ways
def test_a_pooler_that_nobody_named_is_recognised_and_said_once(
    unnamed_pooler: str, caplog: pytest.LogCaptureFixture, plain: bool
) -> None:
    with (
        caplog.at_level(logging.WARNING, "renderstore"),
        connect(unnamed_pooler, plain=plain) as store,
    ):
        count_often(store)
        with store.readonly() as conn:
            assert conn.prepare_threshold is None
    assert said(caplog) == 1
    assert "pgbouncer=true" in caplog.text


def test_asyncio_recognises_it_too(
    unnamed_pooler: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with aconnect(unnamed_pooler) as store:

            async def count() -> None:
                for _ in range(8):
                    await store.admin(reason="test").run(aidentity.users.count)

            await asyncio.gather(count(), count(), count())

    with caplog.at_level(logging.WARNING, "renderstore"):
        asyncio.run(run())
    assert said(caplog) == 1


@pytest.mark.parametrize("named", ["true", "false"])
def test_a_pooler_that_was_named_is_not_mentioned(
    unnamed_pooler: str, caplog: pytest.LogCaptureFixture, named: str
) -> None:
    with connect(f"{unnamed_pooler}&pgbouncer={named}") as store:
        store.admin(reason="test").run(identity.users.count)
        with store.readonly() as conn:
            assert (conn.prepare_threshold is None) == (named == "true")
    assert said(caplog) == 0


def test_a_server_without_a_pooler_is_not_taken_for_one(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(database.url) as store:
        count_often(store)
    assert said(caplog) == 0


def read_times(store: SyncStore) -> None:
    """The vocabulary's times and the caller's own, before and after the caller's own SQL."""
    with store.admin(reason="test") as conn:
        made = identity.users.create(conn, email="ann@example.org", name="Ann")
        assert made.created_at.tzinfo is not None
        row = conn.execute("select now(), interval '-3 days 2 hours'").fetchone()
        assert row is not None
        now, days = row
        assert now == made.created_at.astimezone(UTC)
        assert days == timedelta(days=-3, hours=2)
    for _ in range(3):
        found = store.admin(reason="test").run(identity.users.get, id=made.id)
        assert found.created_at == made.created_at


@pytest.fixture(params=["German", "SQL, DMY", "Postgres, MDY"])
def other_dates(request: pytest.FixtureRequest, database: Database) -> Database:
    """A database whose sessions write dates in another way."""
    name = sql.Identifier(database.name)
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for setting, value in (
            ("datestyle", request.param),
            ("intervalstyle", "iso_8601"),
        ):
            conn.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    name, sql.Identifier(setting), sql.Literal(value)
                )
            )
    return database


@ways
def test_another_datestyle_is_bound_away(other_dates: Database, plain: bool) -> None:
    with psycopg.connect(other_dates.url) as conn:
        assert not str(conn.info.parameter_status("DateStyle")).startswith("ISO")
    with connect(other_dates.url, plain=plain) as store:
        read_times(store)


def test_another_datestyle_is_bound_away_behind_a_pooler(other_dates: Database) -> None:
    with pgbouncer(other_dates.url) as url, connect(url) as store:
        read_times(store)


def refused(database: Database, sentence: str) -> None:
    """The first migration says what is wrong, and makes nothing."""
    with pytest.raises(migrations.MigrationFailed, match=sentence) as caught:
        migrations.apply(settings.parse(database.owner_url))
    assert "Applying 0001.create-roles failed" in str(caught.value)
    assert migrations.applied(settings.parse(database.owner_url)) == []


def test_a_database_that_is_not_utf8_is_refused(renderstore_server: Server) -> None:
    database = renderstore_server.create()
    renderstore_server.drop(database)
    with renderstore_server.admin() as conn:
        conn.execute(
            sql.SQL(
                "create database {} owner {} template template0 encoding 'LATIN1' locale 'C'"
            ).format(
                sql.Identifier(database.name),
                sql.Identifier(renderstore_server.migrator),
            )
        )
    try:
        refused(database, "holds its text as LATIN1, and renderstore needs UTF8")
    finally:
        renderstore_server.drop(database)


def test_a_database_that_reads_backslashes_is_refused(empty_database: Database) -> None:
    with psycopg.connect(empty_database.owner_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("alter database {} set standard_conforming_strings = off").format(
                sql.Identifier(empty_database.name)
            )
        )
    refused(empty_database, "standard_conforming_strings is off")
