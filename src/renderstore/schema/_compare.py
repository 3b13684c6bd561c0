"""What two catalogs have otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from renderstore._rows import Json
from renderstore.schema._catalog import (
    AREAS,
    BEFORE,
    LONG,
    NEWEST,
    Catalog,
    Facts,
    digest,
    text_of,
)
from renderstore.schema._sentences import differs, missing, more

# A person reads what guards the whole first.
_ORDER = (
    "database",
    "role",
    "membership",
    "event trigger",
    "default privileges",
    "schema",
    "type",
    "table",
    "column",
    "constraint",
    "index",
    "sequence",
    "policy",
    "trigger",
    "rule",
    "view",
    "function",
)
_NOWHERE = {"database", "role", "membership", "event trigger", "default privileges"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is otherwise than the migrations make it."""

    kind: str
    """`index`, `column`, `function` and so on."""
    name: str
    """As PostgreSQL writes it: `work.jobs_due_at_idx`; `work.jobs.jobs_pkey` for what hangs on a table."""
    what: str
    """`missing`, `more`, or what of it differs: `default`, `grants`, `body`, …"""
    expected: Json
    """What the migrations make; None where they make nothing. A long text that only an older
    major version has stands as its digest."""
    found: Json
    """What is there; None where nothing is."""
    sentence: str
    """The same for a person."""

    @property
    def area(self) -> str:
        """The area that it lies in; empty where it lies in none."""
        within = self.name.partition(".")[0]
        return within if self.kind not in _NOWHERE and within in AREAS else ""

    def diff(self) -> list[str]:
        """Both sides where the sentence does not hold them: `-` are the migrations, `+` is there."""
        if self.what in {"missing", "more"}:
            return []
        ours, theirs = _lines(self.expected), _lines(self.found)
        if not ours or not theirs or all(line in self.sentence for line in theirs):
            return []
        return list(difflib.unified_diff(ours, theirs, n=1, lineterm=""))[2:]


def differences(wanted: Catalog, live: Catalog, *, major: int) -> Iterator[Difference]:
    """Each difference, in the order in which a person reads them."""
    # What hangs on an object comes and goes with it.
    gone = _keys(wanted) ^ _keys(live)
    redefined: set[str] = set()
    for kind in sorted(wanted.keys() | live.keys(), key=_place):
        ours, theirs = wanted.get(kind, {}), live.get(kind, {})
        for name in sorted(ours.keys() | theirs.keys()):
            if name in ours and name in theirs:
                holder = ours[name].get("belongs_to")
                # It went along with what was renamed, and that is said.
                if holder in gone and holder != theirs[name].get("belongs_to"):
                    continue
                for found in _otherwise(kind, name, ours[name], theirs[name], major):
                    if found.what == "definition":
                        redefined.add(f"{kind} {name}")
                        # Of an index behind a constraint, the constraint has said it.
                        if kind == "index" and holder in redefined:
                            continue
                    yield found
            elif (ours | theirs)[name].get("belongs_to") not in gone:
                yield _one_sided(kind, name, ours.get(name), theirs.get(name))


def as_wanted(live: Catalog) -> Catalog:
    """A database's catalog, as the side that others are compared with: long texts stand as their digests."""
    return {
        kind: {
            name: {
                what: digest(value) if value and (kind, what) in LONG else value
                for what, value in facts.items()
            }
            for name, facts in found.items()
        }
        for kind, found in live.items()
    }


def _one_sided(
    kind: str, name: str, ours: Facts | None, theirs: Facts | None
) -> Difference:
    is_missing = theirs is None
    return Difference(
        kind=kind,
        name=name,
        what="missing" if is_missing else "more",
        expected=ours,
        found=theirs,
        sentence=missing(kind, name) if is_missing else more(kind, name),
    )


def _otherwise(
    kind: str, name: str, ours: Facts, theirs: Facts, major: int
) -> Iterator[Difference]:
    older: Facts = ours.get(BEFORE, {})
    for what in sorted((ours.keys() | theirs.keys()) - {BEFORE, "belongs_to"}):
        expected, found = ours.get(what), theirs.get(what)
        compared = digest(found) if found and (kind, what) in LONG else found
        # A database that came from an older version by an upgrade keeps what that one made.
        if compared == expected and (major >= NEWEST or what not in older):
            continue
        if what in older:
            if compared == older[what]:
                continue
            expected = expected if major >= NEWEST else older[what]
        if (kind, what) in LONG and expected is not None:
            expected = text_of(expected) or expected
        for one, other in _each(what, expected, found):
            yield Difference(
                kind=kind,
                name=name,
                what=what,
                expected=one,
                found=other,
                sentence=differs(kind, name, what, one, other),
            )


def _each(what: str, expected: Any, found: Any) -> Iterator[tuple[Any, Any]]:
    """The two sides; of grants, those of each grantee."""
    if what != "grants":
        yield expected, found
        return
    granted: Facts = expected or {}
    held: Facts = found or {}
    for grantee in sorted(granted.keys() | held.keys()):
        ours, theirs = granted.get(grantee, []), held.get(grantee, [])
        if ours != theirs:
            yield {grantee: ours}, {grantee: theirs}


def _keys(catalog: Catalog) -> set[str]:
    return {f"{kind} {name}" for kind, named in catalog.items() for name in named}


def _place(kind: str) -> tuple[int, str]:
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), kind)


def _lines(value: Json) -> list[str]:
    return value.strip("\n").splitlines() if isinstance(value, str) else []
