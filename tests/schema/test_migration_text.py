"""What only the text of a migration tells: the catalog does not keep it."""

from __future__ import annotations

import re

import psycopg
import pytest
from tests.factories import look
from tests.farms import Farms

from renderstore._paths import MIGRATIONS, QUERIES
from renderstore.testing import Database

NAMES = [
    path.name
    for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))
    if not path.name.endswith(".rollback.sql")
]

COMMENT = re.compile(r"--[^\n]*")
REFERENCES = re.compile(
    r"\breferences\s+([\w.]+)\s*(?:\([^)]*\))?(?P<rest>[^,;]*)", re.S
)
SERVES = re.compile(r"-- Serves ((?:.|\n--)*)")
QUERY = re.compile(r"\b([a-z]\w*)\.([a-z]\w*)\.([a-z]\w*)\b")
# A function's body runs later, a block's now.
BODY = re.compile(r"\bas \$(\w*)\$.*?\$\1\$", re.S)
HOMES = re.compile(r"\('([a-z_.]+)', 'home', (?:true|false)\)")
GUARD = "0143.guard-home.sql"
# The comment lines directly above an index, and its name.
INDEX = re.compile(
    r"(?P<comment>(?:^--[^\n]*\n)*)"
    r"^create (?:unique )?index (?:concurrently )?(?:if not exists )?(?P<name>\w+)",
    re.M,
)


def references_without_on_delete(text: str) -> list[str]:
    """The tables that a foreign key points at without saying what a delete does."""
    return [
        found[1]
        for found in REFERENCES.finditer(COMMENT.sub("", text))
        if "on delete" not in found["rest"]
    ]


def unknown_queries(text: str) -> list[str]:
    """Queries that an index is said to serve but that nobody wrote."""
    unknown: list[str] = []
    for serves in SERVES.finditer(text):
        for area, table, verb in QUERY.findall(serves[1]):
            path = QUERIES / area / f"{table}.sql"
            if not path.exists() or not re.search(
                rf"^-- name: {verb}\(", path.read_text(), re.M
            ):
                unknown.append(f"{area}.{table}.{verb}")
    return unknown


def homes(texts: list[str]) -> list[str]:
    """The tables that ops.placements gives to home."""
    return sorted({table for text in texts for table in HOMES.findall(text)})


def writes_of_home(text: str, tables: list[str]) -> list[str]:
    """Home's tables that a migration writes without asking whether this is home."""
    now = BODY.sub("", COMMENT.sub("", text))
    named = "|".join(map(re.escape, tables))
    found = re.findall(
        rf"\b(?:insert into|update|delete from|merge into|truncate)\s+({named})\b", now
    )
    return [] if "ops.here" in now else found


def test_every_foreign_key_says_what_a_delete_does() -> None:
    silent = [
        f"open sql/migrations/{name}: on delete … is missing for {found}"
        for name in NAMES
        if (found := references_without_on_delete((MIGRATIONS / name).read_text()))
    ]
    assert not silent, "\n".join(silent)


def test_a_foreign_key_without_on_delete_is_noticed() -> None:
    text = """
        constraint a_fkey foreign key (a) references work.a (id),
        -- references in.a_comment
        constraint b_fkey foreign key (b)
            references work.b (user_id, id) on delete cascade,
        c uuid references work.c;
    """
    assert references_without_on_delete(text) == ["work.a", "work.c"]


def test_an_index_serves_a_query_that_exists() -> None:
    wrong = [
        f"open sql/migrations/{name}: no query is called {found}"
        for name in NAMES
        if (found := unknown_queries((MIGRATIONS / name).read_text()))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_misspelled_query_is_noticed() -> None:
    text = "-- Serves identity.users.get and\n-- identity.users.gte.\ncreate index"
    assert unknown_queries(text) == ["identity.users.gte"]


def test_every_index_says_what_it_serves(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute((MIGRATIONS.parents[1] / "tests/schema/catalog.sql").read_bytes())
        rows = conn.execute(
            """
            select indexes.name
            from style.indexes
            where not indexes.is_unique
                and not exists (
                    select
                    from style.foreign_keys
                    where foreign_keys.table_oid = indexes.table_oid
                        and foreign_keys.column_names = indexes.column_names
                )
            """
        ).fetchall()
    explained = {
        found["name"]
        for name in NAMES
        for found in INDEX.finditer((MIGRATIONS / name).read_text())
        if "-- Serves " in found["comment"]
    }
    silent = {str(row[0]) for row in rows} - explained
    assert not silent, f"open sql/migrations: `-- Serves …` is missing above {silent}"


def test_the_comment_above_an_index_is_found() -> None:
    text = (
        "-- Why.\n-- Serves work.jobs.list.\ncreate index jobs_idx on work.jobs (id);\n"
    )
    found = INDEX.search(text)
    assert found is not None
    assert (found["name"], "-- Serves " in found["comment"]) == ("jobs_idx", True)
    assert "-- Serves " not in INDEX.findall(text.replace("list.\n", "list.\n\n"))[0][0]


def test_a_migration_that_writes_what_is_homes_asks_whether_this_is_home() -> None:
    # Rollbacks too.
    texts = {path.name: path.read_text() for path in MIGRATIONS.glob("[0-9]*.sql")}
    tables = homes([*texts.values()])
    assert "identity.plans" in tables
    wrong = [
        f"open sql/migrations/{name}: a farm is migrated first and refuses to write {found}"
        " (CONTRIBUTING.md, a migration of a table that is in use)"
        for name, text in texts.items()
        if name > GUARD and (found := writes_of_home(text, tables))
    ]
    assert not wrong, "\n".join(wrong)


BARE = "update identity.plans set share = share + 1;"
ASKS = f"do $$ begin if (select is_home from ops.here) then {BARE} end if; end $$;"


def test_a_write_of_homes_rows_is_noticed() -> None:
    tables = ["identity.plans"]
    for wrong in (BARE, f"do $$ begin {BARE} end $$;"):
        assert writes_of_home(wrong, tables) == ["identity.plans"]
    later = f"create function f() returns void language sql as $$ {BARE} $$;"
    for right in (ASKS, later, "update work.labels set meaning = '';"):
        assert writes_of_home(right, tables) == []


def test_a_migration_that_asks_passes_at_a_farm_and_writes_at_home(
    farms: Farms,
) -> None:
    before = look(farms.home, "select sum(share) from identity.plans")
    for database in (farms.far, farms.home):
        with psycopg.connect(database.owner_url) as conn:
            conn.execute("set local role renderstore_owner")
            conn.execute(ASKS.encode())
    assert look(farms.far, "select sum(share) from identity.plans") == before
    assert look(farms.home, "select sum(share) from identity.plans") > before
    with psycopg.connect(farms.far.owner_url) as conn:
        conn.execute("set local role renderstore_owner")
        with pytest.raises(psycopg.Error, match="is written at home"):
            conn.execute(BARE.encode())
