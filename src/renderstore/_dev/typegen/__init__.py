"""Writes a typed function for each named query of sql/queries.

For development: it needs PostgreSQL 18, whose analysed trees it reads, and ruff.
"""

from pathlib import Path

import psycopg

from renderstore._dev.typegen import _emit
from renderstore._dev.typegen._catalog import AREAS, Catalog, Enum
from renderstore._dev.typegen._describe import Query, describe
from renderstore._dev.typegen._files import compare, formatted, left_over
from renderstore._dev.typegen._refused import Refused
from renderstore._dev.typegen._sentences import sentences
from renderstore._dev.typegen._source import File, read_file
from renderstore._dev.typegen._types import camel
from renderstore._paths import QUERIES
from renderstore._queries import AREA

__all__ = ["Refused", "generate"]

PACKAGE = Path(__file__).parents[2]
SERVER = 18


def generate(
    conninfo: str,
    *,
    check: bool = False,
    queries: Path = QUERIES,
    package: Path = PACKAGE,
) -> list[str]:
    """Write the modules that changed, or with check only say which are stale.

    Gives one line a change, none when all is as it should be. Refused, when a query, a
    comment or the server is not as it must be.
    """
    with psycopg.connect(conninfo, autocommit=True) as conn:
        _check_server(conn.info.server_version)
        # Names are qualified everywhere, so a slip must fail here as in production.
        conn.execute("select pg_catalog.set_config('search_path', '', false)")
        catalog = Catalog(conn)
        files = [_file(path) for path in sorted(queries.glob("*/*.sql"))]
        described = [
            (file, [describe(catalog, q) for q in file.queries]) for file in files
        ]
        texts = formatted(_modules(catalog, described))
    sources = {
        path: file
        for file in files
        for path in (f"{file.area}/{file.name}.py", f"aio/{file.area}/{file.name}.py")
    }
    messages: list[str] = []
    for name, text in texts.items():
        path = package / name
        messages += compare(path, name, text, sources.get(name))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for path in left_over(package, AREAS, texts):
        messages.append(f"{path.relative_to(package)}: its query file is gone.")
        if not check:
            path.unlink()
    return messages


def _check_server(version: int) -> None:
    if version // 10000 != SERVER:
        raise Refused(
            f"The generator reads the analysed trees of PostgreSQL {SERVER}, and this"
            f" server is {version // 10000}; run it on {SERVER}."
        )


def _file(path: Path) -> File:
    if path.parent.name not in AREAS:
        raise Refused(
            f"sql/queries/{path.parent.name}/{path.name}: there is no area"
            f" {path.parent.name}; move the file to one of {', '.join(AREAS)}."
        )
    return read_file(path)


def _modules(
    catalog: Catalog, described: list[tuple[File, list[Query]]]
) -> dict[str, str]:
    """The text of each module by its path in the package."""
    enums = list(catalog.enums.values())
    for enum in enums:
        _check_enum(enum)
    texts: dict[str, str] = {}
    areas: list[str] = []
    for area in AREAS:
        own = [each for each in enums if each.schema == area]
        found = [each for each in described if each[0].area == area]
        if not own and not found:
            continue
        areas.append(area)
        comment = catalog.conn.execute(
            "select obj_description(to_regnamespace(%s), 'pg_namespace')", [area]
        ).fetchone()
        names = [file.name for file, _ in found if file.name != AREA]
        functions = [
            query.source.name
            for file, queries in found
            for query in queries
            if file.name == AREA
        ]
        classes = [camel(each.name) for each in own]
        texts[f"{area}/enums.py"] = _emit.enums(area, own)
        for folder, is_async in (("", False), ("aio/", True)):
            texts[f"{folder}{area}/__init__.py"] = _emit.area(
                area,
                str(comment[0]) if comment else area,
                names,
                classes,
                functions,
                is_async=is_async,
            )
            for file, queries in found:
                texts[f"{folder}{area}/{file.name}.py"] = _emit.module(
                    file, queries, _emit.rows(queries), is_async=is_async
                )
    texts["aio/__init__.py"] = _emit.aio(sorted(areas))
    texts["_parameters.py"] = _emit.parameters(described)
    texts["_schema.py"] = _emit.schema(enums)
    said = sentences(catalog)
    texts["_sentences.py"] = said.module()
    texts["sentences.json"] = said.json()
    return texts


def _check_enum(enum: Enum) -> None:
    where = f"{enum.schema}.{enum.name}"
    if not enum.comment:
        raise Refused(
            f"{where}: the type has no comment; add `comment on type` to its migration."
        )
    members = [_emit.member(each) for each in enum.labels]
    for name, label in zip(members, enum.labels, strict=True):
        if not name.isidentifier() or members.count(name) > 1 or '"' in label:
            raise Refused(
                f"{where}: the label {label!r} has no name of its own in Python;"
                " rename it in a migration."
            )
