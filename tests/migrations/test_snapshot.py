"""sql/schema.sql is the present."""

from __future__ import annotations

import psycopg
import pytest

from renderstore import settings
from renderstore._dev import snapshot
from renderstore._paths import SNAPSHOT
from renderstore.testing import Database


def test_the_snapshot_is_the_present(database: Database) -> None:
    assert taken(database) == SNAPSHOT.read_text(encoding="utf-8"), (
        f"{SNAPSHOT} is not what the migrations make: run `just snapshot`"
    )


def test_a_snapshot_shows_an_object_that_was_added(database: Database) -> None:
    run(
        database,
        "set local role renderstore_owner",
        "create view work.waiting as select 1 as one",
    )
    assert "CREATE VIEW work.waiting" in taken(database)


def test_a_snapshot_holds_nothing_of_other_schemas(database: Database) -> None:
    run(database, 'create schema "Somebody\'s"', 'create table "Somebody\'s".table_ ()')
    assert taken(database) == SNAPSHOT.read_text(encoding="utf-8")


def test_a_snapshot_puts_an_index_beside_its_table(database: Database) -> None:
    run(
        database,
        "set local role renderstore_owner",
        "create table ops.zebras (id bigint)",
        "create index zebras_stripes on ops.zebras (id)",
        "comment on index ops.zebras_stripes is 'Stripes.'",
    )
    text = taken(database)
    assert text.index("TABLE ops.zebras") < text.index("'Stripes.'")
    assert text.index("'Stripes.'") < text.index("CREATE FUNCTION ops.set_updated_at")


def taken(database: Database) -> str:
    try:
        return snapshot.take(settings.parse(database.owner_url))
    except snapshot.SnapshotFailed as reason:
        with psycopg.connect(database.owner_url) as conn:
            if conn.info.server_version // 10000 == snapshot.MAJOR:
                raise
        pytest.skip(str(reason))


def run(database: Database, *statements: str) -> None:
    with psycopg.connect(database.owner_url) as conn:
        for statement in statements:
            conn.execute(statement.encode())
