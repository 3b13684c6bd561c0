"""The list of a dump's entries, as `pg_restore --list` prints it and `--use-list` reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderstore.backup._run import answer

_ENTRY = re.compile(r"(\d+); (\d+) (\d+) (.*)")
_WALL = re.compile(r"ROW SECURITY |POLICY |COMMENT \S+ POLICY ")
_WORK = re.compile(r"TABLE DATA |INDEX |CONSTRAINT |FK CONSTRAINT ")
_EXTENSION = re.compile(r"EXTENSION - (?P<name>.*?) *$")
_ON_EXTENSION = re.compile(r"COMMENT - EXTENSION ")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a dump makes."""

    id: int
    oid: int
    what: str
    line: str

    @property
    def is_wall(self) -> bool:
        """Whether it is a policy, or the switch that turns policies on."""
        return _WALL.match(self.what) is not None

    @property
    def is_data(self) -> bool:
        """Whether it is the rows of a table."""
        return self.what.startswith("TABLE DATA ")

    @property
    def is_work(self) -> bool:
        """Whether it takes its time."""
        return _WORK.match(self.what) is not None

    @property
    def extension(self) -> str | None:
        """The extension that it makes."""
        found = _EXTENSION.match(self.what)
        return found["name"] if found else None

    @property
    def is_about_extension(self) -> bool:
        """Whether it is the comment on an extension, which only who made that may write."""
        return _ON_EXTENSION.match(self.what) is not None

    def is_of(self, owner: str) -> bool:
        """Whether this role owns it."""
        return self.what.endswith(f" {owner}")


def read(pg_restore: Path, folder: Path) -> list[Entry]:
    """A dump's entries in its own order."""
    lines = answer([str(pg_restore), "--list", str(folder)]).splitlines()
    return [
        Entry(int(entry[1]), int(entry[3]), entry[4], line)
        for line in lines
        if (entry := _ENTRY.fullmatch(line))
    ]


def write(path: Path, entries: Sequence[Entry]) -> None:
    """A list for `pg_restore --use-list`."""
    text = "".join(f"{entry.line}\n" for entry in entries)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
