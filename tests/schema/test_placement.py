"""Where each table lives when there are several nodes: placement.toml, held against the catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from renderstore.testing import Server

HERE = Path(__file__).parent
FILE = HERE / "placement.toml"
PLACES: Mapping[str, Sequence[str]] = tomllib.loads(FILE.read_text())
PLACE = {table: place for place, tables in PLACES.items() for table in tables}
OWNERS = "identity.owners"


@pytest.fixture(scope="module")
def catalog(renderstore_server: Server) -> Generator[psycopg.Connection]:
    shared = renderstore_server.clone()
    with psycopg.connect(shared.owner_url) as conn:
        conn.execute((HERE / "catalog.sql").read_bytes())
        conn.execute("set search_path = pg_catalog")
        yield conn
        conn.rollback()
    renderstore_server.drop(shared)


def tables(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute("select violator from style.tables").fetchall()
    return {str(row[0]) for row in rows}


def missing(conn: psycopg.Connection) -> set[str]:
    return tables(conn) - PLACE.keys()


def keys(conn: psycopg.Connection) -> set[tuple[str, str]]:
    """Each table with a foreign key, and the table that it points at."""
    rows = conn.execute(
        "select distinct child.violator, parent.violator"
        " from style.foreign_keys"
        " join style.tables as child on child.oid = foreign_keys.table_oid"
        " join style.tables as parent on parent.oid = foreign_keys.referenced_oid"
    ).fetchall()
    return {(str(child), str(parent)) for child, parent in rows}


def misplaced(conn: psycopg.Connection) -> set[tuple[str, str]]:
    """Keys of a node's rows that point at what replication writes."""
    return {
        (child, parent)
        for child, parent in keys(conn)
        if PLACE.get(child) != "home" and PLACE.get(parent) == "home"
    }


def test_every_table_has_one_place(catalog: psycopg.Connection) -> None:
    listed = [table for place in PLACES.values() for table in place]
    assert set(PLACES) == {"owner", "home", "node"}
    assert len(listed) == len(set(listed)), f"{FILE}: a table has one place"
    assert not missing(catalog), f"{FILE}: say where these live: {missing(catalog)}"
    gone = PLACE.keys() - tables(catalog)
    assert not gone, f"{FILE}: these are gone: {gone}"


def test_a_table_without_a_place_is_found(catalog: psycopg.Connection) -> None:
    with catalog.transaction(force_rollback=True):
        catalog.execute("set local role renderstore_owner")
        catalog.execute("create table ops.strays (id uuid primary key)")
        catalog.execute("reset role")
        assert missing(catalog) == {"ops.strays"}


def test_no_row_of_a_node_hangs_on_what_replication_writes(
    catalog: psycopg.Connection,
) -> None:
    assert not misplaced(catalog), f"{misplaced(catalog)}: hang these on {OWNERS}"
    with catalog.transaction(force_rollback=True):
        catalog.execute("set local role renderstore_owner")
        catalog.execute(
            "alter table work.usages add foreign key (user_id) references identity.users"
        )
        catalog.execute("reset role")
        assert misplaced(catalog) == {("work.usages", "identity.users")}


def test_an_owners_table_leads_to_identity_owners(catalog: psycopg.Connection) -> None:
    parents = keys(catalog)
    held = {OWNERS}
    while more := {child for child, parent in parents if parent in held} - held:
        held |= more
    # An event costs no key, and no commit leaves a job without its specification: triggers end both.
    loose = {"work.events", "work.unspecified"}
    assert set(PLACES["owner"]) - loose <= held


def test_a_user_arrives_under_replication_too(catalog: psycopg.Connection) -> None:
    rows = catalog.execute(
        "select tgname from pg_trigger"
        " where tgrelid = 'identity.users'::regclass and tgenabled = 'A' order by 1"
    ).fetchall()
    assert [row[0] for row in rows] == ["users_admit_owner", "users_end_owner"]
    [row] = catalog.execute(
        "select count(*) from pg_constraint"
        " where conrelid = 'identity.owners'::regclass and contype = 'f'"
    ).fetchall()
    assert row == (0,), "an owner outlives the user until a sweep"
