"""The troubleshooting page as its test reads it: a heading, what to type, what that prints, what mends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from renderstore._paths import SQL

PAGE = SQL.parent / "docs" / "troubleshooting.md"
# What a page leaves open: any text on a line, or, alone on one, any lines.
_ANY = "…"
_NUMBER = r"\d[\d.:,]*"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One heading of the page."""

    heading: str
    command: str
    output: str
    remedy: str

    @property
    def quoted(self) -> list[str]:
        """The messages in the heading, as people search for them."""
        return re.findall(r"`([^`]+)`", self.heading)


def symptoms() -> list[Symptom]:
    """Every heading of the page with its three blocks."""
    text = PAGE.read_text(encoding="utf-8")
    found: list[Symptom] = []
    for section in re.split(r"^### ", text, flags=re.M)[1:]:
        heading, _, body = re.split(r"^## ", section, flags=re.M)[0].partition("\n")
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", body, re.M | re.S)
        languages = [language for language, _ in blocks]
        assert languages == ["sh", "", "sh"], (
            f"open {PAGE}: under {heading!r} stand a command (sh), what it prints, and a remedy (sh),"
            f" and not {languages}"
        )
        found.append(Symptom(heading, *(block.strip("\n") for _, block in blocks)))
    return found


@dataclass(frozen=True)
class Words:
    """The page's example names, and what they stand for here."""

    meant: Mapping[str, str]

    @cached_property
    def _example(self) -> dict[str, str]:
        return {real: example for example, real in self.meant.items() if real}

    def real(self, text: str) -> str:
        """A block of the page, for this database."""
        return _replace(text, self.meant)

    def example(self, text: str) -> str:
        """What was said here, in the page's words."""
        return _replace(text, self._example)


def _replace(text: str, words: Mapping[str, str]) -> str:
    if not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    pattern = "|".join(
        rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in longest_first
    )
    return re.sub(pattern, lambda found: words[found[0]], text)


def tidy(text: str) -> str:
    """Without what differs from a column's width to the next."""
    lines = [re.sub(r" {2,}", " ", line.strip()) for line in text.strip().splitlines()]
    return "\n".join(re.sub(r"-{3,}", "--", line) for line in lines)


def fits(output: str, shape: str) -> bool:
    """Whether the output is what the page says, numbers aside."""
    parts: list[str] = []
    for line in tidy(shape).splitlines():
        if line == _ANY:
            parts.append(r"(?:.*\n)*")
            continue
        pieces = re.split(rf"({_ANY}|{_NUMBER})", line)
        parts.append(
            "".join(
                ".*"
                if piece == _ANY
                else _NUMBER
                if re.fullmatch(_NUMBER, piece)
                else re.escape(piece)
                for piece in pieces
            )
            + r"\n"
        )
    return re.fullmatch("".join(parts), tidy(output) + "\n") is not None


def quotes(output: str, message: str) -> bool:
    """Whether the message is said there, numbers aside, however its lines are broken."""
    pattern = re.sub(r"\d+", r"\\d+", re.escape(_flat(message)))
    return re.search(pattern, _flat(output)) is not None


def holds(output: str, words: str) -> bool:
    """Whether just these words are said there."""
    return _flat(words) in _flat(output)


def _flat(text: str) -> str:
    return re.sub(r"[\s|+]+", " ", text).strip()
