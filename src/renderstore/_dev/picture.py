"""docs/watch.svg, the README's picture: `python -m renderstore._dev.picture` while the demo runs."""

from __future__ import annotations

import io
import re

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from renderstore._paths import SQL
from renderstore._watch import look
from renderstore.cli import place
from renderstore.cli.watch import watching
from renderstore.cli.watch_view import draw

PICTURE = SQL.parent / "docs" / "watch.svg"


def main() -> None:
    """Write what is seen now."""
    with watching(place.find().working) as store:
        seen = look(store)
    console = Console(record=True, width=80, file=io.StringIO(), highlight=False)
    for line in draw(seen):
        console.print(line, soft_wrap=True)
    # Whoever reads the README asks no other server for a font.
    plain = re.sub(r" *@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.S)
    # A fixed name keeps two pictures of the same farm equal.
    console.save_svg(
        str(PICTURE),
        title="just watch",
        theme=DIMMED_MONOKAI,
        code_format=plain,
        unique_id="watch",
    )


if __name__ == "__main__":
    main()
