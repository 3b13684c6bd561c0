"""A database's catalog as plain values: read from a server, or from sql/catalog.json."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.string import TextLoader

from renderstore._paths import CATALOG, CATALOG_QUERIES, SNAPSHOT
from renderstore._queries import read as read_queries
from renderstore.migrations import SCOPE_ROLES
from renderstore.schema._views import as_16_writes_it

AREAS = ("identity", "work", "render", "studio", "media", "ops", "audit", "authjs")
OWNER = "renderstore_owner"

# Where the major versions before this one make something else, the file holds both.
NEWEST = 18
BEFORE = f"before_{NEWEST}"

Facts: TypeAlias = dict[str, Any]
Catalog: TypeAlias = dict[str, dict[str, Facts]]
"""The facts of each object, by its kind and its name."""

# What each file of sql/catalog tells, in a reader's words and by kind.
_FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "database": ("what everybody may do in the database", ("database",)),
    "roles": ("the group roles", ("role",)),
    "memberships": ("what the group roles are members of", ("membership",)),
    "schemas": ("the schemas", ("schema",)),
    "tables": ("the tables and views", ("table", "view")),
    "columns": ("the columns", ("column",)),
    "constraints": ("the constraints", ("constraint",)),
    "indexes": ("the indexes", ("index",)),
    "sequences": ("the sequences", ("sequence",)),
    "functions": ("the functions", ("function",)),
    "triggers": ("the triggers", ("trigger",)),
    "rules": ("the rules", ("rule",)),
    "policies": ("the policies", ("policy",)),
    "types": ("the types", ("type",)),
    "default_privileges": ("the default privileges", ("default privileges",)),
    "event_triggers": ("the event triggers", ("event trigger",)),
    "others": ("objects of other sorts", ()),
    # Adds to what the others found.
    "grants": ("the grants", ()),
}
_GRANTS = ("grants", "owner_lacks")
# Too long for a line of the file, and in sql/schema.sql already.
LONG = {("function", "body"), ("view", "definition")}
_TEXTS = re.compile(
    r"^    AS \$\w*\$(.*?)\$\w*\$;$"
    r"|^    (BEGIN ATOMIC\n.*?\nEND);$"
    r"|^    (RETURN .*?);$"
    r"|^CREATE VIEW .*? AS\n(.*?);$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What a login may not see."""

    what: str
    """`the functions`, `the grants`, …"""
    sentence: str
    """The same for a person, with what the server said."""


def read(conn: psycopg.Connection[object]) -> tuple[Catalog, list[Unseen]]:
    """The catalog of a database, and what of it this login may not see."""
    found: Catalog = {}
    unseen: list[Unseen] = []
    for name, (words, _) in _FILES.items():
        try:
            with conn.transaction():
                rows = list(_rows(conn, name))
        except psycopg.errors.InsufficientPrivilege as error:
            said = error.diag.message_primary or "permission denied"
            unseen.append(
                Unseen(
                    what=words,
                    sentence=f'{words[0].upper()}{words[1:]} cannot be seen by "{conn.info.user}": {said}.',
                )
            )
            continue
        for kind, object_name, belongs_to, facts in rows:
            if belongs_to is not None:
                facts["belongs_to"] = belongs_to
            if name != "grants":
                found.setdefault(kind, {})[object_name] = facts
            # An extension's objects have grants too.
            elif (known := found.get(kind, {}).get(object_name)) is not None:
                known.update(facts)
    if conn.info.server_version < 160000:
        for facts in found.get("view", {}).values():
            facts["definition"] = as_16_writes_it(facts["definition"])
    return found, unseen


def _rows(
    conn: psycopg.Connection[object], name: str
) -> Iterator[tuple[str, str, str | None, Facts]]:
    with conn.cursor(row_factory=tuple_row, binary=False) as cursor:
        # The caller's connection may read JSON in a way of its own.
        cursor.adapters.register_loader("jsonb", TextLoader)
        cursor.execute(
            _query(name),
            {"areas": list(AREAS), "roles": [OWNER, *SCOPE_ROLES], "owner": OWNER},
        )
        for kind, object_name, belongs_to, facts in cursor:
            yield kind, object_name, belongs_to, json.loads(facts)


@cache
def _query(name: str) -> bytes:
    [query] = read_queries(CATALOG_QUERIES / f"{name}.sql")
    return query.sql.encode()


def open_to_all(conn: psycopg.Connection[object]) -> frozenset[str]:
    """What everybody may do in the database and should not: `temporary`, `create`, `public_create`."""
    return frozenset(
        fact.removesuffix("_for_all")
        for _, _, _, facts in _rows(conn, "database")
        for fact in facts
    )


def expected(unseen: Sequence[Unseen]) -> Catalog:
    """What the migrations make, as sql/catalog.json has it, without what was not seen."""
    whole: Catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    hidden = {each.what for each in unseen}
    for words, kinds in _FILES.values():
        if words in hidden:
            for kind in kinds:
                whole.pop(kind, None)
    if _FILES["grants"][0] in hidden:
        for named in whole.values():
            for facts in named.values():
                for fact in _GRANTS:
                    facts.pop(fact, None)
    return whole


def digest(text: str) -> str:
    """What stands in the file for a long text."""
    return f"sha256:{hashlib.sha256(text.strip().encode()).hexdigest()[:16]}"


def text_of(digested: str) -> str | None:
    """The text behind a digest, where sql/schema.sql holds it."""
    return _texts().get(digested)


@cache
def _texts() -> dict[str, str]:
    if not SNAPSHOT.exists():
        return {}
    found = (
        next(filter(None, match.groups()))
        for match in _TEXTS.finditer(SNAPSHOT.read_text(encoding="utf-8"))
    )
    return {digest(text): text.strip("\n") for text in found}
