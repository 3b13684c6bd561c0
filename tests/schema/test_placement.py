"""Where each table lives when there are several farms: ops.placements, held against the catalog."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from renderstore.testing import Server

HERE = Path(__file__).parent
TABLE = "ops.placements"
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


def places(conn: psycopg.Connection) -> dict[str, str]:
    rows = conn.execute("select table_name, placed from ops.placements").fetchall()
    return {str(table): str(placed) for table, placed in rows}


def placed(conn: psycopg.Connection, place: str) -> set[str]:
    return {table for table, found in places(conn).items() if found == place}


def missing(conn: psycopg.Connection) -> set[str]:
    return tables(conn) - places(conn).keys()


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
    homes = placed(conn, "home")
    return {
        (child, parent)
        for child, parent in keys(conn)
        if child not in homes and parent in homes
    }


def test_every_table_has_a_place(catalog: psycopg.Connection) -> None:
    assert not missing(catalog), f"{TABLE}: say where these live: {missing(catalog)}"
    gone = places(catalog).keys() - tables(catalog)
    assert not gone, f"{TABLE}: these are gone: {gone}"


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
    owned = placed(catalog, "owner")
    held = {OWNERS}
    while more := {child for child, parent in parents if parent in held} - held:
        held |= more
    # An event costs no key, and no commit leaves a job without its specification: triggers end both.
    # What is to be removed outlives its user.
    loose = {"work.events", "work.unspecified", "ops.removals"}
    assert owned - loose <= held


def test_what_moves_is_exactly_what_a_user_leads(catalog: psycopg.Connection) -> None:
    """But for what is home's, or made anew where a user arrives."""
    rows = catalog.execute(
        "select t.violator from style.tables as t"
        " join pg_index as i on i.indrelid = t.oid and i.indisprimary"
        " join pg_attribute as a on a.attrelid = t.oid and a.attnum = i.indkey[0]"
        " where a.attname = 'user_id'"
    ).fetchall()
    led = {str(row[0]) for row in rows}
    owned = placed(catalog, "owner")
    assert owned <= led
    assert led - owned == {
        OWNERS,
        "identity.user_secrets",
        "work.turns",
        "work.ready",
        "work.arrivals",
        "work.leftovers",
        "work.reports",
        "ops.moves",
        "audit.entries",
    }


def test_nothing_of_a_secret_is_published(catalog: psycopg.Connection) -> None:
    rows = catalog.execute(
        "select p.table_name, c.column_name from ops.placements as p"
        " join information_schema.columns as c"
        " on p.table_name = c.table_schema || '.' || c.table_name"
        " where p.is_published"
        " and c.column_name ~ 'hash|secret|sealed|encrypted|token'"
    ).fetchall()
    assert rows == []


def test_all_that_is_homes_is_guarded(catalog: psycopg.Connection) -> None:
    rows = catalog.execute(
        "select t.violator from pg_trigger as g join style.tables as t on t.oid = g.tgrelid"
        " where g.tgfoid = 'ops.refuse_away_from_home'::regproc and g.tgenabled = 'O'"
    ).fetchall()
    assert {str(row[0]) for row in rows} == placed(catalog, "home")


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
