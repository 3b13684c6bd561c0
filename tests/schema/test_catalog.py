"""The style guide asked of the catalog: a rule a file in `rules/`, its mistake beside it.

A rule is a query that returns who breaks it. What follows `-- Broken by:` makes the objects
named there, and the rule must then name them: a rule that cannot fail says nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from renderstore._paths import MIGRATIONS
from renderstore.testing import Database, Server

HERE = Path(__file__).parent
EXCEPTIONS_FILE = HERE / "exceptions.toml"
EXCEPTIONS: dict[str, dict[str, str]] = tomllib.loads(EXCEPTIONS_FILE.read_text())


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the style guide and the query that finds who breaks it."""

    path: Path
    sentence: str
    query: str
    broken_by: frozenset[str]
    mistake: str

    @property
    def name(self) -> str:
        """What exceptions.toml calls it."""
        return self.path.stem

    def violators(self, conn: psycopg.Connection) -> dict[str, str]:
        """Who breaks the rule, each with a detail if the query gives one."""
        rows = conn.execute(self.query.encode()).fetchall()
        return {
            str(row[0]): ", ".join(str(part) for part in row[1:] if part is not None)
            for row in rows
        }


def read(path: Path) -> Rule:
    """The rule that a file holds."""
    text, _, rest = path.read_text().partition("-- Broken by: ")
    names, _, mistake = rest.partition("\n")
    leading = re.match(r"(?:--.*\n)+", text)
    assert leading is not None, f"open {path}: a rule begins with its sentence"
    return Rule(
        path=path,
        sentence=" ".join(
            line.removeprefix("--").strip() for line in leading[0].splitlines()
        ),
        query=text[leading.end() :],
        broken_by=frozenset(filter(None, names.split(", "))),
        mistake=mistake,
    )


RULES = [read(path) for path in sorted((HERE / "rules").glob("*.sql"))]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@pytest.fixture(scope="module")
def catalog(renderstore_server: Server) -> Generator[psycopg.Connection]:
    """The migrating login in a migrated database that this module shares and never changes."""
    shared = renderstore_server.clone()
    with psycopg.connect(shared.owner_url) as conn:
        conn.execute((HERE / "catalog.sql").read_bytes())
        conn.commit()
        # What PostgreSQL writes back names its schemas only outside of the search path.
        conn.execute("set search_path = ''")
        conn.commit()
        yield conn
    renderstore_server.drop(shared)


@pytest.fixture
def undone(catalog: psycopg.Connection) -> Generator[psycopg.Connection]:
    """The same, in a transaction that is undone."""
    yield catalog
    catalog.rollback()


def file_to_open(violator: str) -> str:
    """The first migration that names every word of the violator: the one that made it."""
    words = re.findall(r"\w+", violator)
    for path in sorted(MIGRATIONS.glob("[0-9]*.sql")):
        text = path.read_text()
        if not path.name.endswith(".rollback.sql") and all(
            re.search(rf"\b{word}\b", text) for word in words
        ):
            return f"sql/migrations/{path.name}"
    return "sql/migrations"


def test_the_catalog_keeps_every_rule(undone: psycopg.Connection) -> None:
    broken: list[str] = []
    for rule in RULES:
        excepted = EXCEPTIONS.get(rule.name, {})
        found = [
            f"{violator}{f' ({detail})' if detail else ''}: open {file_to_open(violator)}"
            for violator, detail in sorted(rule.violators(undone).items())
            if violator not in excepted
        ]
        broken += [rule.sentence, *found] if found else []
    assert not broken, "\n".join(broken)


@every_rule
def test_a_mistake_breaks(undone: psycopg.Connection, rule: Rule) -> None:
    assert rule.mistake, f"open {rule.path}: no mistake proves that it can fail"
    before = rule.violators(undone)
    undone.execute(rule.mistake.encode())
    found = rule.violators(undone).keys() - before.keys()
    assert found == rule.broken_by, f"open {rule.path}"


def test_every_exception_is_still_one(undone: psycopg.Connection) -> None:
    stale = [
        f"open {EXCEPTIONS_FILE}: [{rule.name}] no longer needs {gone}"
        for rule in RULES
        if rule.name in EXCEPTIONS
        and (gone := EXCEPTIONS[rule.name].keys() - rule.violators(undone).keys())
    ]
    assert not stale, "\n".join(stale)


def test_every_exception_names_a_rule() -> None:
    unknown = EXCEPTIONS.keys() - {rule.name for rule in RULES}
    assert not unknown, f"open {EXCEPTIONS_FILE}"


def test_migrations_take_temporary_tables_from_public(
    renderstore_server: Server, empty_database: Database
) -> None:
    # A clone has its database's rights from whoever cloned it: only a first install, as the
    # template is one, shows ours.
    with renderstore_server.admin() as conn:
        found = [
            conn.execute(
                "select has_database_privilege('public', %s, 'temporary')", [name]
            ).fetchone()
            for name in (empty_database.name, renderstore_server.template)
        ]
    assert found == [(True,), (False,)]
