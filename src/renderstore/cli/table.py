"""Rows in 80 columns, for a terminal, a pipe or a ticket: no colour, no frame."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

WIDTH = 80
_GAP = 2


def fit(text: str, width: int) -> str:
    """On one line, and cut with … where it is longer than that many columns."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if cell_len(line) <= width else f"{set_cell_size(line, width - 1)}…"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: figures to the right, the last column, which is text, to the left and in what is left."""
    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(heads) - 1)]
    last = WIDTH - sum(width + _GAP for width in widths)
    return [
        "".join(
            " " * (width - cell_len(cell)) + cell + " " * _GAP
            for cell, width in zip(line, widths, strict=False)
        )
        + fit(line[-1], last)
        for line in lines
    ]


def wrap(text: str, indent: str = "") -> list[str]:
    """A sentence on lines of 80 columns, those after the first indented."""
    lines: list[str] = []
    for word in text.split():
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent if lines else ''}{word}")
    return lines
