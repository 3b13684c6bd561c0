"""Writes the source of generated modules."""

import builtins
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from renderstore._dev.typegen._catalog import Enum
from renderstore._dev.typegen._describe import Parameter, Query
from renderstore._dev.typegen._source import File
from renderstore._dev.typegen._types import TAKEN, camel
from renderstore._queries import AREA

MARK = "by `just generate`; do not edit."
# What a claim gives: who has it must report on each, so none may hide the others.
_CLAIM = frozenset({"user_id", "id", "attempt", "lease_expires_at"})
_BUILTINS = frozenset({"bool", "bytes", "float", "int", "list", "str"})


def docstring(text: str, indent: str = "") -> str:
    """A docstring, wrapped where its lines are long."""
    safe = text.replace("\\", "\\\\").strip()
    if '"""' in safe or safe.endswith('"'):
        safe = safe.replace('"', '\\"')
    wrapper = textwrap.TextWrapper(
        84 - len(indent), break_long_words=False, break_on_hyphens=False
    )
    lines = [part for line in safe.splitlines() for part in wrapper.wrap(line) or [""]]
    if len(lines) > 1:
        lines.append("")
    return textwrap.indent('"""' + "\n".join(lines) + '"""', indent).strip()


def header(says: str, origin: str) -> str:
    """A module's docstring."""
    return docstring(f"{says}\n\nGenerated from {origin} {MARK}") + "\n\n"


@dataclass(slots=True)
class _Module:
    """A module of functions on its way to become text."""

    file: File
    queries: list[Query]
    is_async: bool
    imports: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict[str, set[str]](set)
    )

    @property
    def clashes(self) -> frozenset[str]:
        """Built-in names that a query of this file takes for itself."""
        return _BUILTINS & {each.source.name for each in self.queries}

    def type(self, written: str, imports: Iterable[tuple[str, str]]) -> str:
        """A type as it is written in this module."""
        for module, name in imports:
            self.imports[module].add(name)
        for name in self.clashes:
            if re.search(rf"\b{name}\b", written):
                self.imports["builtins"].add("")
                written = re.sub(rf"\b{name}\b", f"builtins.{name}", written)
        return written

    def run(self, name: str) -> str:
        """The name under which a function of the run time is known here."""
        colour = "aio" if self.is_async else "sync"
        self.imports[f"renderstore._scope.{colour}.run"].add(f"{name} as _{name}")
        return ("await " if self.is_async else "") + f"_{name}"


def module(
    file: File, queries: list[Query], rows: dict[str, Query], *, is_async: bool
) -> str:
    """The module of one query file."""
    here = _Module(file, queries, is_async)
    parts = [_function(here, each) for each in queries]
    if is_async:
        here.imports[f"renderstore.{file.area}.{file.name}"].update(rows)
    else:
        parts = [_row(here, name, query) for name, query in rows.items()] + parts
    here.imports["renderstore._queries"].add("load as _load")
    shadows = any(hasattr(builtins, each.source.name) for each in queries)
    return (
        (
            "# ruff: noqa: A001 (a query is named for what it does)\n\n"
            if shadows
            else ""
        )
        + header(" ".join(file.heading), f"sql/queries/{file.area}/{file.name}.sql")
        + _import_lines(here.imports)
        + f'\n_sql = _load("{file.area}", "{file.name}")\n\n\n'
        + "\n\n".join(parts)
    )


def _import_lines(imports: dict[str, set[str]]) -> str:
    return "".join(
        f"import {name}\n"
        if names == {""}
        else f"from {name} import {', '.join(sorted(names))}\n"
        for name, names in sorted(imports.items())
        if names
    )


def _row(here: _Module, name: str, query: Query) -> str:
    here.imports["renderstore._rows"].add("row as _row")
    users = [each.source.name for each in here.queries if each.row == name]
    gives = " and ".join(filter(None, (", ".join(users[:-1]), users[-1])))
    verb = "give" if len(users) > 1 else "gives"
    lines = [
        f"@_row\nclass {name}:",
        f"    {docstring(f'What {gives} {verb}.', '    ')}\n",
    ]
    for column in query.columns:
        written = here.type(column.annotation, column.type.imports)
        hidden = " = _field(repr=False)" if column.secret else ""
        if hidden:
            here.imports["dataclasses"].add("field as _field")
        lines.append(f"    {column.name}: {written}{hidden}")
    return "\n".join(lines) + "\n"


def _wrapped(here: _Module, parameter: Parameter) -> str:
    name, wrap = parameter.name, parameter.type.wrap
    if not wrap:
        return name
    if wrap == "Jsonb" and parameter.type.element:
        here.imports["renderstore._json"].add("JsonbList as _JsonbList")
        value = f"_JsonbList({name})"
    else:
        here.imports["psycopg.types.json"].add(f"{wrap} as _{wrap}")
        value = (
            f"[_{wrap}(each) for each in {name}]"
            if parameter.type.element
            else f"_{wrap}({name})"
        )
    return f"None if {name} is None else {value}" if parameter.null else value


def _function(here: _Module, query: Query) -> str:
    source = query.source
    kind = "AsyncConnection" if here.is_async else "Connection"
    here.imports["psycopg"].add(f"{kind} as _{kind}")
    takes = [f"conn: _{kind}[object]"]
    if query.parameters:
        takes.append("*")
    for each in query.parameters:
        written = here.type(each.type.written, each.type.imports)
        null = " | None" if each.null else ""
        default = " = None" if each.optional else ""
        takes.append(f"{each.name}: {written}{null}{default}")
    gives, body = _body(here, query)
    return (
        f"{'async ' if here.is_async else ''}def {source.name}({', '.join(takes)}) -> {gives}:\n"
        f"    {docstring(chr(10).join(source.doc), '    ')}\n{body}\n"
    )


def _body(here: _Module, query: Query) -> tuple[str, str]:
    source = query.source
    pairs = ", ".join(f'"{p.name}": {_wrapped(here, p)}' for p in query.parameters)
    call = f'(conn, _sql["{source.name}"], {{{pairs}}}'
    finds = source.name.startswith("find")
    match source.operator:
        case "!":
            return here.type("int", ()), f"    return {here.run('affected')}{call})"
        case "$":
            column = query.columns[0]
            gives = here.type(column.annotation, column.type.imports)
            if finds and not column.null:
                gives += " | None"
            name = "optional_value" if finds else "value"
            return (
                gives,
                f"    value: {gives} = {here.run(name)}{call})\n    return value",
            )
        case "^":
            name = "optional" if finds else "one"
            gives = query.row + (" | None" if finds else "")
            return gives, f"    return {here.run(name)}{call}, {query.row})"
        case _:
            gives = here.type(f"list[{query.row}]", ())
            names = {each.name for each in query.columns}
            name = "claimed" if names >= _CLAIM else "many"
            return gives, f"    return {here.run(name)}{call}, {query.row})"


def rows(queries: list[Query]) -> dict[str, Query]:
    """The row classes of a file, each with the query that came first."""
    found: dict[str, Query] = {}
    for query in queries:
        source = query.source
        if source.name in TAKEN or source.name == "builtins":
            raise source.refuse(
                "its module needs this name for a type; rename the query."
            )
        if not query.row:
            continue
        if query.row in TAKEN or any(query.row == name for _, name in _named(queries)):
            raise source.refuse(
                f"its row class {query.row} has the name of a type; name another `row:`."
            )
        first = found.setdefault(query.row, query)
        for here, there in zip(query.columns, first.columns, strict=False):
            if here != there:
                raise source.refuse(
                    f"its column {here.name}: {here.annotation} is not"
                    f" {there.name}: {there.annotation}, as {first.source.name} has it in"
                    f" row {query.row}; align the two or name another `row:`."
                )
        if len(query.columns) != len(first.columns):
            raise source.refuse(
                f"it gives {len(query.columns)} columns and {first.source.name} gives"
                f" {len(first.columns)} for row {query.row}; align the two or name"
                " another `row:`."
            )
    return found


def _named(queries: list[Query]) -> set[tuple[str, str]]:
    types = [each.type for query in queries for each in query.parameters]
    types += [each.type for query in queries for each in query.columns]
    return {each for found in types for each in found.imports}


def enums(area: str, found: list[Enum]) -> str:
    """The leaf module with the enumerated types of an area."""
    parts = [header(f"The enumerated types of {area}.", "the database's catalog")]
    if found:
        parts.append("from enum import StrEnum\n\n")
    for enum in found:
        parts.append(f"\nclass {camel(enum.name)}(StrEnum):\n")
        parts.append(f"    {docstring(enum.comment or '', '    ')}\n\n")
        parts += [f'    {member(label)} = "{label}"\n' for label in enum.labels]
        parts.append("\n")
    return "".join(parts)


def member(label: str) -> str:
    """An enum member's name."""
    return re.sub(r"\W", "_", label).upper()


def area(
    name: str,
    comment: str,
    names: list[str],
    classes: list[str],
    functions: list[str],
    *,
    is_async: bool,
) -> str:
    """An area's package: its modules, its enumerated types, and its own queries."""
    package = f"renderstore.aio.{name}" if is_async else f"renderstore.{name}"
    says = comment + (" For asyncio." if is_async else "")
    lines = [header(says, f"sql/queries/{name}/")]
    for module, found in (
        (package, names),
        (f"{package}.{AREA}", functions),
        (f"renderstore.{name}.enums", classes),
    ):
        if found:
            lines.append(f"from {module} import {', '.join(found)}\n")
    lines.append(f"\n__all__ = {sorted([*names, *classes, *functions])!r}\n")
    return "".join(lines)


def aio(areas: list[str]) -> str:
    """The package of all areas for asyncio."""
    return (
        header("Every query for asyncio, under the same names.", "sql/queries/")
        + (f"from renderstore.aio import {', '.join(areas)}\n" if areas else "")
        + f"\n__all__ = {areas!r}\n"
    )


def parameters(described: list[tuple[File, list[Query]]]) -> str:
    """What each parameter is to PostgreSQL, for the sentence when it refuses one."""
    kind = "Final[dict[str, dict[str, str]]]"
    lines = [header("The type of each parameter, by its query.", "sql/queries/")]
    lines.append(f"from typing import Final\n\nPARAMETERS: {kind} = {{\n")
    for file, queries in described:
        place = file.area if file.name == AREA else f"{file.area}.{file.name}"
        for query in queries:
            types = {each.name: each.type.stored for each in query.parameters}
            if types:
                lines.append(f'    "{place}.{query.source.name}": {types!r},\n')
    lines.append("}\n")
    return "".join(lines)


def schema(found: list[Enum]) -> str:
    """The list of all enumerated types, for registration on a connection."""
    areas = sorted({each.schema for each in found})
    lines = [header("Every enumerated type by its name.", "the database's catalog")]
    lines.append("from enum import StrEnum\nfrom typing import Final\n\n")
    lines += [f"from renderstore.{each} import enums as {each}\n" for each in areas]
    lines.append("\nENUMS: Final[tuple[tuple[str, type[StrEnum]], ...]] = (\n")
    lines += [
        f'    ("{each.schema}.{each.name}", {each.schema}.{camel(each.name)}),\n'
        for each in found
    ]
    lines.append(")\n")
    return "".join(lines)
