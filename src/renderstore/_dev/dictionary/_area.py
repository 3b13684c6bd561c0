"""The page of an area: its pictures, tables, views, types and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from renderstore._dev.dictionary import _walls
from renderstore._dev.dictionary._diagram import diagrams
from renderstore._dev.dictionary._markdown import Page, code, codes
from renderstore._dev.dictionary._model import Area, Model, Thing

# PostgreSQL adds each default's type, which stands before it already.
_DEFAULT = re.compile(r"DEFAULT (\S+?)(?:::[^,]*)?(?=, |$)")


def write(area: Area, model: Model, places: Mapping[str, str]) -> Page:
    """The page."""
    page = Page(f"{area.name}/README.md", places)
    page.add(f"# {area.name}", "[Dictionary](../README.md)", page.prose(area.comment))
    for each in diagrams(area, model):
        if each.title:
            page.add(f"## {each.title}")
        page.add(f"```mermaid\n{each.text}\n```")
        if each.alone:
            names = ", ".join(page.named(table.full_name) for table in each.alone)
            page.add(f"Of the same subject, and reached by no line here: {names}.")
    for title, relations in (("Tables", area.tables), ("Views", area.views)):
        if relations:
            page.add(f"## {title}")
            page.items(
                f"{page.named(each.full_name)}: {page.prose(each.comment)}"
                for each in relations
            )
    enums = [each for each in area.types if each.facts["sort"] == "enum"]
    others = [each for each in area.types if each.facts["sort"] != "enum"]
    if enums:
        page.add("## Enums")
        page.items(_enum(page, each) for each in enums)
    if others:
        page.add("## Domains")
        page.items(_domain(page, area, each, model) for each in others)
    _functions(page, area)
    return page


def anchors(area: Area) -> Iterator[tuple[str, str]]:
    """Where each type and function stands on the page; a function's name is followed by ()."""
    for each in area.types:
        yield each.name, f"type-{each.name}"
    for each in area.functions:
        name = _plain(each)
        yield f"{name}()", f"function-{name}"


def _enum(page: Page, enum: Thing) -> str:
    return (
        f'<a id="type-{enum.name}"></a>**{enum.name}**: {page.prose(enum.comment)}'
        f" {codes(enum.facts['values'])}"
    )


def _domain(page: Page, area: Area, domain: Thing, model: Model) -> str:
    rules = model.rules_of_types.get(f"{area.name}.{domain.name}", [])
    base = f", a {code(domain.facts['base'])}" if "base" in domain.facts else ""
    said = f'<a id="type-{domain.name}"></a>**{domain.name}**{base}: {page.prose(domain.comment)}'
    for rule in rules:
        said += f" Else: “{page.prose(rule.comment)}” ({code(rule.name)})."
    return said


def _functions(page: Page, area: Area) -> None:
    triggers = [each for each in area.functions if each.facts["returns"] == "trigger"]
    called = [each for each in area.functions if each not in triggers]
    doors = [each for each in called if _walls.may_run(each)]
    inner = [each for each in called if not _walls.may_run(each)]
    seen: set[str] = set()
    for title, words, functions in (
        ("Functions", "", doors),
        ("Inner functions", "Other functions run them; no role may.", inner),
        ("Trigger functions", "", triggers),
    ):
        if functions:
            page.add(f"## {title}", *([words] if words else []))
            page.items(_function(page, each, seen) for each in functions)


def _function(page: Page, function: Thing, seen: set[str]) -> str:
    name = _plain(function)
    anchor = "" if name in seen else f'<a id="function-{name}"></a>'
    seen.add(name)
    facts = function.facts
    said = f"{anchor}**{name}**: {page.prose(function.comment)}"
    if roles := _walls.may_run(function):
        said += f" Run by {roles}."
    if facts.get("security_definer"):
        said += " Runs with its owner's rights."
    if facts["returns"] != "trigger":
        arguments = _DEFAULT.sub(r"default \1", facts["arguments"])
        said += "\n  " + code(f"({arguments}) → {facts['returns']}")
    return said


def _plain(function: Thing) -> str:
    return function.name.partition("(")[0]
