"""Markdown as GitHub reads it: escaped text, code, tables and links between the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from posixpath import relpath

MARK = "<!-- Written by `just docs` from sql/catalog.json, sql/schema.sql and sql/queries. Never edit it. -->"

_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<!\w)_|_(?!\w)")
_NAME = re.compile(r"(?<![\w./])[a-z]+\.[a-z_0-9]+(?![\w/])")


class Page:
    """A page as it is written, which knows where each name leads from here."""

    def __init__(self, path: str, places: Mapping[str, str]) -> None:
        """Begin the page at this path under docs/dictionary."""
        self.path = path
        self._places = places
        self._lines = [MARK]

    def add(self, *paragraphs: str) -> None:
        """Paragraphs, a blank line before each."""
        for each in paragraphs:
            self._lines += ["", each]

    def items(self, items: Iterable[str]) -> None:
        """A list."""
        self.add("\n".join(f"- {each}" for each in items))

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table; a bar in a cell of code is escaped too, which GitHub undoes."""
        lines = [heads, ["---"] * len(heads), *rows]
        self.add("\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines))

    def link(self, place: str, text: str) -> str:
        """A link to a path from docs/dictionary, an anchor included."""
        path, mark, anchor = place.partition("#")
        if path == self.path and mark:
            return f"[{text}](#{anchor})"
        here = self.path.rpartition("/")[0] or "."
        return f"[{text}]({relpath(path, here)}{mark}{anchor})"

    def named(self, name: str, *, text: str | None = None) -> str:
        """A table, view, type or function by its full name, a link where it has a place."""
        place = self._places.get(name)
        shown = name if text is None else text
        return self.link(place, shown) if place else code(shown)

    def prose(self, text: str) -> str:
        """A comment's text, whose names lead to what they name."""
        text = " ".join(text.split())
        parts: list[str] = []
        at = 0
        for match in _NAME.finditer(text):
            place = self._places.get(match[0])
            # A page that names itself leads nowhere new.
            if place is None or place == self.path:
                continue
            parts += [
                escaped(text[at : match.start()]),
                self.link(place, escaped(match[0])),
            ]
            at = match.end()
        return "".join([*parts, escaped(text[at:])])

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(self._lines) + "\n"


def escaped(text: str) -> str:
    """Text that means nothing to Markdown."""
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text)


def code(text: str) -> str:
    """A span of code on one line."""
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest else f"`{line}`"


def codes(names: Iterable[str]) -> str:
    """Names with commas between."""
    return ", ".join(map(code, names))


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
