"""sql/catalog.json: what the migrations make, as `renderstore validate` compares it."""

from __future__ import annotations

import json

import psycopg

from renderstore.errors import Error
from renderstore.schema._catalog import BEFORE, LONG, Catalog, Facts, digest, read
from renderstore.schema._reading import reading
from renderstore.settings import Settings

# The oldest that the embedded wheel brings. 15 makes the same, and a test says so.
OLDER = 16


def take(target: Settings) -> Catalog:
    """The catalog of a migrated database."""
    with psycopg.connect(target.url, connect_timeout=10) as conn, reading(conn):
        found, unseen = read(conn)
    if unseen:
        raise Error(unseen[0].sentence)
    return found


def write(newest: Catalog, before: Catalog) -> str:
    """The text of sql/catalog.json: an object a line, and where an older major makes something else, both."""
    for kind in newest.keys() | before.keys():
        if newest.get(kind, {}).keys() != before.get(kind, {}).keys():
            odd = sorted(newest.get(kind, {}).keys() ^ before.get(kind, {}).keys())
            raise Error(
                f"Not every version of PostgreSQL makes the {kind} {odd[0]}."
                " sql/catalog.json has no way to say that."
            )
    chapters: list[str] = []
    for kind in sorted(newest):
        lines: list[str] = []
        for name in sorted(newest[kind]):
            facts = _short(kind, newest[kind][name])
            older = _short(kind, before[kind][name])
            otherwise = {
                fact: older.get(fact)
                for fact in facts.keys() | older.keys()
                if facts.get(fact) != older.get(fact)
            }
            if otherwise:
                facts[BEFORE] = otherwise
            text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
            lines.append(f"{json.dumps(name, ensure_ascii=False)}: {text}")
        chapters.append(f"{json.dumps(kind)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(chapters) + "\n}\n"


def _short(kind: str, facts: Facts) -> Facts:
    return {
        fact: digest(value) if (kind, fact) in LONG else value
        for fact, value in facts.items()
    }
