"""Pictures of an area in Mermaid: tables, their keys and foreign keys, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from renderstore._dev.dictionary._model import Area, ForeignKey, Model, Relation
from renderstore._dev.dictionary._subjects import MOST, SUBJECTS
from renderstore.errors import Error

# Mermaid takes no space in a type.
_SHORT = {"timestamp with time zone": "timestamptz", "double precision": "float8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """One picture."""

    title: str
    """Empty where it is the area's only one."""
    text: str
    alone: tuple[Relation, ...]
    """Tables of its subject that no line reaches: boxes without lines would only make it small."""


def diagrams(area: Area, model: Model) -> list[Diagram]:
    """The pictures of an area, on which each of its tables stands."""
    tables = {each.name: each for each in area.tables}
    if not tables:
        return []
    subjects = SUBJECTS.get(area.name, {} if len(tables) > MOST else {"": [*tables]})
    shown = {name for names in subjects.values() for name in names}
    if lost := sorted(shown ^ tables.keys()):
        verb = "does not exist" if lost[0] in shown else "stands in no picture"
        raise Error(
            f"The table {area.name}.{lost[0]} {verb}: open"
            " src/renderstore/_dev/dictionary/_subjects.py, which says what stands together."
        )
    return [
        _diagram(title, [tables[name] for name in names], model)
        for title, names in subjects.items()
    ]


def _diagram(title: str, tables: Sequence[Relation], model: Model) -> Diagram:
    reached = {
        name
        for table in tables
        for key in table.foreign_keys
        for name in (table.full_name, key.parent)
    }
    related = [each for each in tables if each.full_name in reached]
    return Diagram(
        title=title,
        text=_drawn(related or tables, model),
        alone=tuple(each for each in tables if related and each not in related),
    )


def _drawn(tables: Sequence[Relation], model: Model) -> str:
    known = {each.full_name: each for each in model.relations}
    names = [each.full_name for each in tables]
    keys = [(table, key) for table in tables for key in table.foreign_keys]
    # Parents from elsewhere stand beside, with their keys alone.
    beside = sorted({key.parent for _, key in keys} - set(names))
    lines = ["erDiagram"]
    home = tables[0].area
    for name in [*names, *beside]:
        lines += _box(known[name], home, is_whole=name in names)
    for table, key in keys:
        lines.append(_line(table, key, known[key.parent], home))
    return "\n".join(lines)


def _box(table: Relation, home: str, *, is_whole: bool) -> Iterator[str]:
    foreign = {name for key in table.foreign_keys for name in key.columns}
    alias = "" if table.area == home else f'["{table.full_name}"]'
    columns: list[str] = []
    for column in table.columns:
        marks = ["PK"] if column.name in table.primary_key else []
        if is_whole and column.name in foreign:
            marks.append("FK")
        if marks:
            name = column.name.strip('"')
            columns.append(
                f"        {_type(column.facts['type'])} {name} {', '.join(marks)}"
            )
    # Mermaid takes no empty braces.
    yield f"    {_word(table, home)}{alias}" + (" {" if columns else "")
    yield from [*columns, "    }"] if columns else ()


def _line(table: Relation, key: ForeignKey, parent: Relation, home: str) -> str:
    required = {each.name for each in table.columns if each.facts.get("not_null")}
    one = "||" if required.issuperset(key.columns) else "|o"
    is_single = any(
        set(columns) <= set(key.columns) for _, columns in table.unique_keys
    )
    many = "o|" if is_single else "o{"
    # Every key of an owned table begins with its owner, who need not be said each time.
    own = key.columns[1:] if len(key.columns) > 1 else key.columns
    return f'    {_word(parent, home)} {one}--{many} {_word(table, home)} : "{", ".join(own)}"'


def _word(table: Relation, home: str) -> str:
    return table.name if table.area == home else f"{table.area}_{table.name}"


def _type(name: str) -> str:
    return _SHORT.get(name, name.rpartition(".")[2])
