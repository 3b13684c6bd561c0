"""What can go wrong, as one small tree: a sentence for people, names for programs."""

# ruff: noqa: N818  (an error is named after the rule that was broken)

from __future__ import annotations


class Error(Exception):
    """Everything that this package raises on purpose."""

    def __init__(
        self,
        sentence: str,
        *,
        schema: str | None = None,
        table: str | None = None,
        constraint: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.schema = schema
        self.table = table
        self.constraint = constraint
        self.sqlstate = sqlstate


class Misconfigured(Error):
    """A setting is missing or cannot be used."""
