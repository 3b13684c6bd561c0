"""Who uses a table: the typed queries, views and functions whose text names it.

Names in this project's SQL are always whole (`work.jobs`), so their text is enough; what a function
builds at run time is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from renderstore._dev.dictionary._model import Model
from renderstore._dev.typegen._source import read_file
from renderstore.schema._catalog import text_of

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = re.compile(r"(?<![\w.])([a-z_]+\.[a-z_0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Query:
    """A typed query."""

    area: str
    file: str
    name: str
    doc: str
    """Its first paragraph."""

    @property
    def full_name(self) -> str:
        """As Python reaches it: `work.jobs.claim`."""
        return f"{self.area}.{self.file}.{self.name}"


@dataclass(slots=True, kw_only=True)
class Uses:
    """Who names what; each by the full name of what is named."""

    queries: dict[str, list[Query]] = field(default_factory=dict[str, list[Query]])
    views: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    functions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def find(model: Model, folder: Path) -> Uses:
    """Everybody who names something of this model."""
    uses = Uses()
    for query, named in queries(folder):
        for name in named:
            uses.queries.setdefault(name, []).append(query)
    for relation in model.relations:
        for name in _names(_text(relation.facts.get("definition"))):
            uses.views.setdefault(name, []).append(relation.full_name)
    for area in model.areas:
        for function in area.functions:
            own = f"{area.name}.{function.name.partition('(')[0]}"
            for name in _names(_text(function.facts.get("body"))):
                users = uses.functions.setdefault(name, [])
                if own not in users:  # another of its name may have been there
                    users.append(own)
    return uses


@cache
def queries(folder: Path) -> tuple[tuple[Query, frozenset[str]], ...]:
    """The typed queries with what they name, in the order of their files."""
    return tuple(
        (
            Query(
                area=path.parent.name,
                file=path.stem,
                name=source.name,
                doc=_first(source.doc),
            ),
            frozenset(_names(source.sql)),
        )
        for path in sorted(folder.glob("*/*.sql"))
        for source in read_file(path).queries
    )


def _names(sql: str) -> set[str]:
    return set(_NAME.findall(_COMMENT.sub("", sql)))


def _text(digested: str | None) -> str:
    return (text_of(digested) or "") if digested else ""


def _first(doc: Iterable[str]) -> str:
    lines: list[str] = []
    for line in doc:
        if not line.strip():
            break
        lines.append(line.strip())
    return " ".join(lines)
