"""The first page: the areas with their tables, the roles, how to read the others."""

from __future__ import annotations

from collections.abc import Mapping

from renderstore._dev.dictionary._markdown import Page, code
from renderstore._dev.dictionary._model import Model

_HOW = (
    "What the database holds, in the words of its own comments. `just docs` writes these pages from"
    " `sql/catalog.json`, which `just snapshot` writes; CI fails when they are stale."
    " [architecture.md](../architecture.md) says why it is so."
)
_PICTURES = (
    "A picture shows tables, their keys (PK) and foreign keys (FK), nothing else. A line goes from a row to those"
    " that need it; it bears the foreign key's column, without the owner where the owner leads the key. Tables of other"
    " areas, named with theirs, stand beside with their key alone."
)
_WALLS = (
    "*Walls* are what a role may do (grants) and with which rows (policies). A policy without a word before it is"
    " for reading and writing alike. Most changes are functions' that run with their owner's rights: they are under"
    " *Used by*."
)


def write(model: Model, places: Mapping[str, str]) -> Page:
    """The page."""
    page = Page("README.md", places)
    page.add("# Dictionary", _HOW, "## Areas")
    page.table(
        ("area", "what it is about", "tables", "views", "functions"),
        [
            (
                page.link(f"{each.name}/README.md", each.name),
                page.prose(each.comment),
                *(
                    str(len(things) or "")
                    for things in (each.tables, each.views, each.functions)
                ),
            )
            for each in model.areas
        ],
    )
    page.add("## Tables and views")
    page.items(
        f"{page.link(f'{area.name}/README.md', area.name)}: "
        + ", ".join(
            page.named(each.full_name, text=each.name) for each in area.relations
        )
        for area in model.areas
        if area.relations
    )
    page.add("## Roles")
    page.items(f"{code(each.name)}: {page.prose(each.comment)}" for each in model.roles)
    page.add("## How to read it", _PICTURES, _WALLS)
    return page
