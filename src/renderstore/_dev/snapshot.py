"""The present, as a newcomer reads it: pg_dump's words, put together by area and by object."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from renderstore._clients import find as find_client
from renderstore.errors import Error
from renderstore.migrations import SCOPE_ROLES
from renderstore.schema import AREAS, OWNER
from renderstore.settings import Settings

# Functions and constraints are written differently by other versions.
MAJOR = 18

_HEADER = """\
-- The present: every object that the migrations in sql/migrations make, area by area.
-- To be read, not run: `yoyo apply` makes databases, `just snapshot` makes this file
-- (pg_dump of PostgreSQL 18, sorted for readers), and a test fails when it is not the present.
--
-- All of it is owned by renderstore_owner. Beside it, in the cluster:
--
"""
_ENTRY = re.compile(
    r"^--\n-- Name: (?P<name>.*); Type: (?P<type>[A-Z ]+); Schema: (?P<schema>.*); Owner: .*\n--\n",
    re.MULTILINE,
)
_NOISE = re.compile(
    r"^(?:SET default_\w+ = .*;|\\(?:un)?restrict .*|-- PostgreSQL database dump complete)$",
    re.MULTILINE,
)
_ROLES = re.compile(r" TO (renderstore_\w+(?:, renderstore_\w+)*)")
# What an area's reader wants first; everything else comes last.
_ORDER = (
    "SCHEMA",
    "TYPE",
    "DOMAIN",
    "TABLE",
    "SEQUENCE",
    "VIEW",
    "FUNCTION",
    "PROCEDURE",
)


class SnapshotFailed(Error):  # noqa: N818
    """The snapshot could not be taken."""


@dataclass(frozen=True, slots=True)
class _Entry:
    schema: str
    subject: str
    kind: str
    text: str


def take(target: Settings) -> str:
    """The text of sql/schema.sql for this database."""
    with psycopg.connect(target.url, connect_timeout=10) as conn:
        major = conn.info.server_version // 10000
        if major != MAJOR:
            raise SnapshotFailed(
                f"sql/schema.sql is written on PostgreSQL {MAJOR}; this server is {major}."
            )
        roles = conn.execute(
            "select rolname::text, coalesce(shobj_description(oid, 'pg_authid'), '')"
            " from unnest(%s::text[]) with ordinality as ours (name, place)"
            " join pg_roles on rolname = name"
            " order by place",
            [[OWNER, *SCOPE_ROLES]],
        ).fetchall()
        foreign = conn.execute(
            "select quote_ident(nspname) from pg_namespace"
            " where nspname !~ '^(pg_|information_schema$)' and not (nspname = any (%s))",
            [list(AREAS)],
        ).fetchall()
    header = _HEADER + "".join(f"--   {name}  {purpose}\n" for name, purpose in roles)
    return header + _arrange(_dump(target, [str(row[0]) for row in foreign]))


def _dump(target: Settings, leave_out: Iterable[str]) -> str:
    program, _ = find_client("pg_dump", MAJOR)
    said = subprocess.run(
        [
            *(str(program), "--schema-only", "--no-owner", f"--role={OWNER}"),
            *(f"--exclude-schema={_pattern(schema)}" for schema in leave_out),
        ],
        env={
            **{name: value for name, value in os.environ.items() if name[:2] != "PG"},
            **target.environment(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        raise SnapshotFailed(f"pg_dump failed: {said.stderr.strip()}")
    return said.stdout


def _pattern(schema: str) -> str:
    return schema if schema.startswith('"') else f'"{schema}"'


def _arrange(dump: str) -> str:
    """One chapter an area, one paragraph an object, with all that belongs to it."""
    grouped: defaultdict[str, defaultdict[str, list[_Entry]]]
    grouped = defaultdict(lambda: defaultdict(list))
    for entry in _entries(dump):
        grouped[entry.schema][entry.subject].append(entry)
    chapters: list[str] = []
    for schema in ("", *AREAS):
        if schema:
            chapters.append(f"\n-- {'=' * 20} {schema} {'=' * 20}\n")
        # pg_dump moves an object that another needs; a reader looks for its name.
        ordered = sorted(
            grouped[schema].values(),
            key=lambda found: (_rank(found[0].kind), found[0].subject),
        )
        chapters += [_paragraph(found) for found in ordered]
    return "\n" + "\n".join(chapters)


def _entries(dump: str) -> list[_Entry]:
    heads = list(_ENTRY.finditer(dump))
    ends = [*(head.start() for head in heads[1:]), len(dump)]
    tables: dict[tuple[str, str], str] = {}
    found: list[_Entry] = []
    for head, end in zip(heads, ends, strict=True):
        name, kind, schema = head["name"], head["type"], head["schema"]
        body = _NOISE.sub("", dump[head.end() : end])
        text = re.sub(r"\n{3,}", "\n\n", body.rstrip("- \n")).strip()
        if kind == "INDEX" and (on := re.search(r" ON (?:ONLY )?\S+?\.(\S+) ", text)):
            tables[schema, name] = on[1]
        if kind == "POLICY":
            text = _ROLES.sub(_sorted_roles, text)
        subject = _subject(name, kind)
        subject = tables.get((schema, subject), subject)
        if kind == "SCHEMA" or name.startswith("SCHEMA "):
            schema, subject = subject, ""
        found.append(_Entry("" if schema == "-" else schema, subject, kind, text))
    return found


def _subject(name: str, kind: str) -> str:
    """What an entry belongs to: a table for its columns, constraints, triggers and so on."""
    if kind in ("COMMENT", "ACL"):
        what, _, name = name.partition(" ")
        if what == "COLUMN":
            return name.partition(".")[0]
        name = name.rpartition(" ON ")[2]
    # Overloads of a function share a paragraph; an argument's name stands in comments only.
    return re.split(r"[ (]", name, maxsplit=1)[0] if name[:1] != '"' else name


def _sorted_roles(found: re.Match[str]) -> str:
    """A policy's roles in one order: pg_dump takes them as they lie in the cluster."""
    return " TO " + ", ".join(sorted(found[1].split(", ")))


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _paragraph(entries: list[_Entry]) -> str:
    text = ""
    before = ""
    for entry in entries:
        together = entry.kind == before and entry.kind in ("COMMENT", "ACL", "POLICY")
        text += entry.text if not text else ("\n" if together else "\n\n") + entry.text
        before = entry.kind
    return text + "\n"
