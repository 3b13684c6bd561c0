"""The page of a table or a view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from renderstore._dev.dictionary import _walls
from renderstore._dev.dictionary._markdown import Page, code, codes, escaped
from renderstore._dev.dictionary._model import Model, Relation, Thing
from renderstore._dev.dictionary._uses import Query, Uses

_INDEX = re.compile(r"CREATE (?P<unique>UNIQUE )?INDEX \S+ ON \S+ USING (?P<how>.*)")
_TRIGGER = re.compile(
    r"CREATE (?:CONSTRAINT )?TRIGGER \S+ (?P<when>.*?) ON \S+ (?P<how>.*?)"
    r"EXECUTE FUNCTION (?P<function>[\w.]+)\((?P<arguments>.*)\)$",
    re.DOTALL,
)
# What a trigger that follows changes asks: one comparison a column, all of them or'ed.
_CHANGED = re.compile(
    r"\(*old\.(?P<column>\w+)\)?(?:::(?:timestamp with time zone|[\w.]+))? is distinct from"
    r" \(?new\.(?P=column)\)?(?:::(?:timestamp with time zone|[\w.]+))?\)*(?: or |$)"
)
_WHEN = re.compile(r"(?P<before>.*) when \((?P<condition>.*)\)\s*$", re.DOTALL)
_KEYWORD = re.compile(r"\b[A-Z]+\b")
_FIRES = {
    "never": "disabled",
    "replica": "for replication alone",
    "always": "for replication too",
}


def write(
    relation: Relation, model: Model, uses: Uses, places: Mapping[str, str]
) -> Page:
    """The page."""
    page = Page(f"{relation.area}/{relation.name}.md", places)
    page.add(
        f"# {relation.full_name}",
        f"[Dictionary](../README.md) · [{relation.area}](README.md)",
    )
    if relation.kind == "view":
        page.add(f"A view. {page.prose(relation.comment)}")
    else:
        page.add(page.prose(relation.comment))
    _columns(page, relation)
    if relation.kind == "table":
        _keys(page, relation, model)
        _section(page, "Checks", list(_checks(page, relation)))
        _section(page, "Indexes", list(_indexes(page, relation)))
    _walls_of(page, relation)
    _section(page, "Triggers", list(_triggers(page, relation)))
    _uses_of(page, relation, uses)
    return page


def _section(page: Page, title: str, items: list[str]) -> None:
    if items:
        page.add(f"## {title}")
        page.items(items)


def _columns(page: Page, relation: Relation) -> None:
    page.add("## Columns")
    is_table = relation.kind == "table"
    heads = ("null", "default") if is_table else ()
    rows = [
        (
            code(each.name),
            _typed(page, each.facts["type"]),
            *((_null(each), _default(each)) if is_table else ()),
            page.prose(each.comment),
        )
        for each in relation.columns
    ]
    page.table(("column", "type", *heads, "what it means"), rows)


def _typed(page: Page, name: str) -> str:
    element = name.removesuffix("[]")
    return page.named(element, text=name)


def _null(column: Thing) -> str:
    return "" if column.facts.get("not_null") else "null"


def _default(column: Thing) -> str:
    if identity := column.facts.get("identity"):
        return f"{identity} the next number"
    default = column.facts.get("default")
    if default is None:
        return ""
    is_generated = "generated" in column.facts
    return f"always {code(default)}" if is_generated else code(default)


def _keys(page: Page, relation: Relation, model: Model) -> None:
    items: list[str] = []
    for each, columns in relation.unique_keys:
        is_primary = each.definition.startswith("PRIMARY")
        word = "**Primary key**" if is_primary else "**Unique**"
        items.append(
            f"{word} {codes(columns)} ({code(each.name)}): {page.prose(each.comment)}"
        )
    for key in relation.foreign_keys:
        rest = f", {key.rest.lower()}" if key.rest else ""
        items.append(
            f"**Foreign key** {codes(key.columns)} to {page.named(key.parent)} ({codes(key.parent_columns)}){rest}"
            f" ({code(key.name)}): {page.prose(key.comment)}"
        )
    _section(page, "Keys", items)
    if children := model.children(relation):
        page.add("Tables whose rows need one of these:")
        page.items(
            f"{page.named(child.full_name)}: {codes(key.columns)}"
            + (f", {key.rest.lower()}" if key.rest else "")
            for child, key in children
        )


def _checks(page: Page, relation: Relation) -> Iterator[str]:
    for each in relation.rules:
        yield f"{code(each.name)}: {page.prose(each.comment)} {code(each.definition)}"


def _indexes(page: Page, relation: Relation) -> Iterator[str]:
    for each in relation.indexes:
        match = _INDEX.match(each.definition)
        how = match["how"] if match else each.definition
        unique = "unique, " if match and match["unique"] else ""
        comment = f". {page.prose(each.comment)}" if each.comment else ""
        yield f"{code(each.name)}: {unique}{code(how)}{comment}"


def _walls_of(page: Page, relation: Relation) -> None:
    page.add("## Walls", _walls.sentence(relation))
    rows = _walls.rows(relation, page)
    if any(reach for _, _, reach in rows):
        page.table(("role", "may", "which rows (policy)"), rows)
    elif rows:
        page.table(("role", "may"), [(role, rights) for role, rights, _ in rows])
    else:
        page.add("No role is granted anything here: functions alone read and write it.")


def _triggers(page: Page, relation: Relation) -> Iterator[str]:
    for each in relation.triggers:
        match = _TRIGGER.match(each.definition)
        if match is None:
            yield f"{code(each.name)}: {code(each.definition)}"
            continue
        how = _fires(_lowered(f"{match['when']} {match['how']}"))
        given = f" with {code(match['arguments'])}" if match["arguments"] else ""
        fires = _FIRES.get(each.facts.get("enabled", ""), "")
        yield (
            f"{code(each.name)}: {how} runs"
            f" {page.named(match['function'] + '()', text=match['function'])}{given}"
            + (f" ({fires})" if fires else "")
        )


def _fires(how: str) -> str:
    match = _WHEN.fullmatch(" ".join(how.split()))
    if match is None or _CHANGED.sub("", match["condition"]):
        return code(how)
    columns = [each["column"] for each in _CHANGED.finditer(match["condition"])]
    return f"{code(match['before'])} when one of {codes(columns)} changes"


def _lowered(sql: str) -> str:
    return _KEYWORD.sub(lambda match: match[0].lower(), sql)


def _uses_of(page: Page, relation: Relation, uses: Uses) -> None:
    queries = uses.queries.get(relation.full_name, [])
    views = uses.views.get(relation.full_name, [])
    functions = uses.functions.get(relation.full_name, [])
    page.add("## Used by")
    if queries:
        page.add("Typed queries that name it:")
        page.items(
            f"{_query(each)}: {escaped(each.doc)}" if each.doc else _query(each)
            for each in queries
        )
    if views:
        page.add("Views that read it, and the typed queries that name them:")
        page.items(
            page.named(each) + _through(uses.queries.get(each, [])) for each in views
        )
    if functions:
        page.add("Functions that name it, and the typed queries that run them:")
        page.items(
            page.named(f"{each}()", text=each) + _through(uses.queries.get(each, []))
            for each in functions
        )
    if not (queries or views or functions):
        page.add("No typed query, view or function names it in its text.")


def _query(query: Query) -> str:
    return f"[{query.full_name}](../../../sql/queries/{query.area}/{query.file}.sql)"


def _through(queries: list[Query]) -> str:
    return f": {', '.join(map(_query, queries))}" if queries else ""
