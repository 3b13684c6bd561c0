"""docs/dictionary: what the database holds, from the catalog that `snapshot` writes.

It needs no server, and says the same wherever it is written: sql/catalog.json and sql/schema.sql are
PostgreSQL 18's, and `snapshot --check` holds them to the migrations.
"""

from __future__ import annotations

from pathlib import Path

from renderstore._dev.dictionary import _area, _index, _relation, _uses
from renderstore._dev.dictionary._markdown import MARK
from renderstore._dev.dictionary._model import Model, read
from renderstore._paths import QUERIES, SNAPSHOT
from renderstore.schema._catalog import Catalog, expected

FOLDER = "docs/dictionary"


def pages(catalog: Catalog, structure: str) -> dict[str, str]:
    """The text of each page, by its path under docs/dictionary."""
    model = read(catalog, structure)
    places, uses = _places(model), _uses.find(model, QUERIES)
    written = [
        _index.write(model, places),
        *(_area.write(each, model, places) for each in model.areas),
        *(_relation.write(each, model, uses, places) for each in model.relations),
    ]
    return {page.path: page.text for page in written}


def present() -> dict[str, str]:
    """The pages of the checked-in catalog."""
    return pages(expected(()), SNAPSHOT.read_text(encoding="utf-8"))


def write(folder: Path, texts: dict[str, str], *, check: bool) -> list[str]:
    """A sentence for each page that is not as it should be; unless only asked, put it right."""
    said: list[str] = []
    for name, text in sorted(texts.items()):
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        verb = "is stale" if path.exists() else "is missing"
        said.append(f"{FOLDER}/{name} {verb if check else 'written'}.")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in _left_over(folder, texts):
        name = path.relative_to(folder).as_posix()
        verb = "is of nothing any more" if check else "removed"
        said.append(f"{FOLDER}/{name} {verb}.")
        if not check:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
    return said


def _left_over(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Pages that were written once for what is gone; what a person wrote here is not ours to remove."""
    return [
        path
        for path in sorted(folder.rglob("*.md"))
        if path.relative_to(folder).as_posix() not in texts
        and path.read_text(encoding="utf-8").startswith(MARK)
    ]


def _places(model: Model) -> dict[str, str]:
    """Where each name leads. A type and a function may share one: () tells the function."""
    found: dict[str, str] = {}
    for area in model.areas:
        for name, anchor in _area.anchors(area):
            found[f"{area.name}.{name}"] = f"{area.name}/README.md#{anchor}"
        for each in area.relations:
            found[each.full_name] = f"{area.name}/{each.name}.md"
    for name in [name for name in found if name.endswith("()")]:
        found.setdefault(name.removesuffix("()"), found[name])
    return found
