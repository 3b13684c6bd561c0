"""A table added later is covered the day it is added: each leaky one here is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
import pytest

from renderstore.testing.servers import Database

from .doors import DOORS, Door
from .expectations import EXPECTED, Walls
from .rows import NoRows
from .walls import WALLS
from .world import filled, login

CHECKS: Mapping[str, Door] = {check.__name__: check for check in (*DOORS, *WALLS)}

TABLE: LiteralString = """
    create table studio.notes (
        user_id uuid not null references identity.users (id) on delete cascade,
        id uuid not null default ops.uuidv7(),
        content text not null,
        primary key (user_id, id)
    );
"""
WALLED: LiteralString = """
    alter table studio.notes enable row level security;
    alter table studio.notes force row level security;
    create policy notes_owner on studio.notes to renderstore_owner using (true);
"""
OWN: LiteralString = """
    create policy notes_own on studio.notes to renderstore_app
    using (user_id = (select identity.current_user_id()));
"""
GRANT: LiteralString = """
    grant select, insert (user_id, content), update (content)
    on studio.notes to renderstore_app;
"""
SOUND = (TABLE, WALLED, OWN, GRANT)

NOTES = Walls(owner="user_id", app="select insert(user_id, content) update(content)")


class Leak:
    """One mistake, and the checks that must see it."""

    def __init__(self, *statements: LiteralString, seen_by: str) -> None:
        self.statements = statements
        self.seen_by = seen_by.split()


LEAKS: Mapping[str, Leak] = {
    "without policies": Leak(
        TABLE,
        GRANT,
        seen_by="policies reads changes gifts reads_without_user copies",
    ),
    "with policies that are not enabled": Leak(
        TABLE,
        WALLED,
        OWN,
        GRANT,
        "alter table studio.notes disable row level security;",
        seen_by="policies reads changes gifts",
    ),
    "with policies that do not bind the owner": Leak(
        *SOUND,
        "alter table studio.notes no force row level security;",
        seen_by="policies",
    ),
    "with a policy that is true": Leak(
        TABLE,
        WALLED,
        GRANT,
        "create policy notes_own on studio.notes to renderstore_app using (true);",
        seen_by="policies reads changes gifts",
    ),
    "with a second policy that is wider": Leak(
        *SOUND,
        "create policy notes_more on studio.notes for select using (true);",
        seen_by="policies reads reads_without_user",
    ),
    "with a policy that checks no new row": Leak(
        TABLE,
        WALLED,
        GRANT,
        "create policy notes_own on studio.notes to renderstore_app"
        " using (user_id = (select identity.current_user_id())) with check (true);",
        seen_by="gifts",
    ),
    "open to everybody": Leak(
        *SOUND,
        "grant select on studio.notes to public;",
        seen_by="as_granted",
    ),
    "open to another role": Leak(
        *SOUND,
        "grant select on studio.notes to renderstore_auth;",
        seen_by="as_granted",
    ),
    "that may be emptied": Leak(
        *SOUND,
        "grant truncate on studio.notes to renderstore_app;",
        seen_by="as_granted owners_work",
    ),
    "that may be locked by who deletes": Leak(
        *SOUND,
        "grant delete on studio.notes to renderstore_app;",
        seen_by="as_granted locks",
    ),
    "that may be locked by who updates every column": Leak(
        *SOUND,
        "grant update on studio.notes to renderstore_worker;",
        seen_by="as_granted locks",
    ),
    "with a key that spans users": Leak(
        *SOUND,
        "create unique index notes_content_key on studio.notes (content);",
        seen_by="oracles conflicts",
    ),
    "with a view that reads past the policies": Leak(
        *SOUND,
        "create view studio.shown as select * from studio.notes;"
        "grant select on studio.shown to renderstore_app;",
        seen_by="views reads",
    ),
    "with a function that reads past the policies": Leak(
        *SOUND,
        "create function studio.show(id uuid) returns text language sql security definer"
        " begin atomic select n.content from studio.notes as n where n.id = show.id; end;"
        "grant execute on function studio.show to renderstore_app;",
        seen_by="function_rights calls",
    ),
    "with a function that writes past the policies": Leak(
        *SOUND,
        "create function studio.wipe(id uuid) returns void language sql security definer"
        " set search_path = pg_catalog, pg_temp"
        " as 'delete from studio.notes as n where n.id = wipe.id';"
        "grant execute on function studio.wipe to renderstore_app;",
        seen_by="function_rights calls",
    ),
    "with a reference without the owner": Leak(
        *SOUND,
        """
        alter table studio.notes add unique (id);
        create table studio.lines (
            user_id uuid not null references identity.users (id) on delete cascade,
            id uuid not null default ops.uuidv7(),
            note_id uuid not null references studio.notes (id),
            primary key (user_id, id)
        );
        alter table studio.lines enable row level security;
        alter table studio.lines force row level security;
        create policy lines_owner on studio.lines to renderstore_owner using (true);
        create policy lines_own on studio.lines to renderstore_app
        using (user_id = (select identity.current_user_id()));
        grant select, insert (user_id, note_id) on studio.lines to renderstore_app;
        """,
        seen_by="owner_in_references parents",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_in_a_table(database: Database, name: str) -> None:
    made = run(database, *LEAKS[name].statements)
    with filled(database, EXPECTED | {"studio.notes": NOTES}, made) as world:
        silent = [each for each in LEAKS[name].seen_by if not list(CHECKS[each](world))]
    assert not silent


def test_a_sound_table_passes_every_check(database: Database) -> None:
    made = run(database, *SOUND)
    with filled(database, EXPECTED | {"studio.notes": NOTES}, made) as world:
        found = [finding for check in CHECKS.values() for finding in check(world)]
    assert not found


def test_a_login_that_another_test_makes_is_no_finding(database: Database) -> None:
    made = run(database, *SOUND)
    with (
        login(database, "neighbour", "owner", inherits=True),
        filled(database, EXPECTED | {"studio.notes": NOTES}, made) as world,
    ):
        found = list(CHECKS["surroundings"](world))
    assert not found


def test_a_table_that_nobody_wrote_down_is_found(database: Database) -> None:
    made = run(database, *SOUND)
    with filled(database, EXPECTED, made) as world:
        found = "\n".join(CHECKS["written_down"](world))
    assert "studio.notes" in found
    assert "tests/isolation/expectations.py" in found


def test_a_grant_that_nobody_wrote_down_is_found(database: Database) -> None:
    made = run(database, *SOUND, "grant select on studio.notes to renderstore_worker")
    with filled(database, EXPECTED | {"studio.notes": NOTES}, made) as world:
        found = list(CHECKS["as_granted"](world))
    assert found
    assert all("studio.notes: worker may select" in each for each in found)


@pytest.mark.parametrize(
    "broken",
    [
        "alter table studio.notes add constraint notes_check check (content ~ '^[0-9]$')",
        "alter table studio.notes add column place point not null",
    ],
)
def test_a_table_without_rows_is_named_with_the_file_to_open(
    database: Database, broken: LiteralString
) -> None:
    made = run(database, *SOUND, broken)
    with (
        pytest.raises(NoRows, match=r"studio\.notes.*tests/isolation/rows\.py"),
        filled(database, EXPECTED | {"studio.notes": NOTES}, made),
    ):
        pass


def run(database: Database, *statements: LiteralString) -> list[str]:
    """What in studio these statements have made, as a migration would."""
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("set role renderstore_owner")
        for statement in statements:
            conn.execute(statement)
        made = conn.execute(
            "select 'studio.' || relname from pg_catalog.pg_class"
            " where relnamespace = 'studio'::regnamespace and relkind in ('r', 'v')"
            " order by relkind"
        ).fetchall()
    return [str(path) for (path,) in made]
