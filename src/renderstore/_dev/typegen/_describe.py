"""Asks PostgreSQL for the types of a query's parameters and columns."""

import keyword
import re
from dataclasses import dataclass

from psycopg import Error
from psycopg.pq import DiagnosticField, ExecStatus

from renderstore._dev.typegen._catalog import Catalog
from renderstore._dev.typegen._nulls import Nulls
from renderstore._dev.typegen._source import Source
from renderstore._dev.typegen._tree import parse
from renderstore._dev.typegen._types import TAKEN, PythonType, camel, python_type

VOID = 2278
# What psycopg sends where it does not send the type itself. It chooses the smallest integer.
_SENT = {
    "smallint": "smallint",
    "integer": "smallint",
    "bigint": "smallint",
    "oid": "smallint",
    "real": "double precision",
    "integer[]": "smallint[]",
    "bigint[]": "smallint[]",
    "real[]": "double precision[]",
}
_UNTYPED = ("text", "character varying", "name")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query."""

    name: str
    type: PythonType
    null: bool
    optional: bool  # may be left out: a null means "none given"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a query's result."""

    name: str
    type: PythonType
    null: bool
    secret: bool

    @property
    def annotation(self) -> str:
        """The type as it is written."""
        return self.type.written + (" | None" if self.null else "")


@dataclass(frozen=True, slots=True)
class Query:
    """A described query."""

    source: Source
    parameters: list[Parameter]
    columns: list[Column]
    row: str  # the class of its rows; "" where it gives none


@dataclass(frozen=True, slots=True)
class _Answer:
    parameters: list[int]
    columns: list[tuple[str, int]]


def describe(catalog: Catalog, source: Source) -> Query:
    """The query with the types that PostgreSQL gives it, or Refused."""
    sql = _numbered(source)
    answer = _prepare(catalog, source, sql, [], "")
    _check_sent(catalog, source, sql, answer)
    _check_operator(source, answer)
    # `:name` is the parameter alone, where a column has the same name.
    said = source.nulls | {
        name.removeprefix(":"): null
        for name, null in source.nulls.items()
        if name.startswith(":")
    }
    declared = {
        source.parameters.index(name) + 1: null
        for name, null in said.items()
        if name in source.parameters
    }
    nulls = _nulls(catalog, sql, answer, declared)
    columns = _columns(catalog, source, answer, nulls)
    _check_declared(source, [each.name for each in columns])
    return Query(
        source,
        _parameters(catalog, source, answer, nulls, declared),
        columns,
        (source.row or camel(source.name) + "Row")
        if source.operator in ("", "^")
        else "",
    )


def _numbered(source: Source) -> str:
    """The statement as the server reads it: $1 for a parameter."""
    return re.sub(
        r"%\((\w+)\)s",
        lambda found: f"${source.parameters.index(found[1]) + 1}",
        source.sql,
    ).replace("%%", "%")


def _prepare(
    catalog: Catalog, source: Source, sql: str, types: list[int], advice: str
) -> _Answer:
    server = catalog.conn.pgconn
    prepared = server.prepare(b"", sql.encode(), types)
    if prepared.status != ExecStatus.COMMAND_OK:
        message = prepared.error_field(DiagnosticField.MESSAGE_PRIMARY) or b""
        position = prepared.error_field(DiagnosticField.STATEMENT_POSITION) or b"1"
        line = source.begins + sql.count("\n", 0, int(position) - 1)
        raise source.refuse(
            f"PostgreSQL refuses it: {message.decode()}; "
            + (advice or "correct the query, or apply the migrations that it needs."),
            line,
        )
    found = server.describe_prepared(b"")
    return _Answer(
        [found.param_type(index) for index in range(found.nparams)],
        [
            ((found.fname(index) or b"").decode(), found.ftype(index))
            for index in range(found.nfields)
        ],
    )


def _check_sent(catalog: Catalog, source: Source, sql: str, answer: _Answer) -> None:
    """Refuse a query that means something else with the types that psycopg sends."""
    by_name = {each.written: oid for oid, each in catalog.types.items()}
    sent: list[int] = []
    for oid in answer.parameters:
        written = catalog.types[oid].written
        untyped = written in _UNTYPED or catalog.types[oid].kind == "r"
        sent.append(0 if untyped else by_name[_SENT.get(written, written)])
    advice = (
        "psycopg sends each integer as the smallest type; cast it, as in :x::bigint."
    )
    if _prepare(catalog, source, sql, sent, advice).columns != answer.columns:
        raise source.refuse(
            "its columns' types depend on the integers that are sent;"
            " cast its parameters, as in :x::bigint."
        )


def _check_operator(source: Source, answer: _Answer) -> None:
    given = [oid for _, oid in answer.columns if oid != VOID]
    if source.operator == "!" and given:
        raise source.refuse(
            "it gives columns, which its ! drops; end its name in ^, $ or nothing."
        )
    if source.operator != "!" and len(given) != len(answer.columns):
        raise source.refuse("a function that gives void has no row; end its name in !.")
    if source.operator != "!" and not given:
        raise source.refuse("it gives no columns; end its name in ! or add returning.")
    if source.operator == "$" and len(given) != 1:
        raise source.refuse(
            f"it gives {len(given)} columns where $ means one value; end it in ^."
        )


def _nulls(
    catalog: Catalog, sql: str, answer: _Answer, declared: dict[int, bool]
) -> Nulls | None:
    """What the query's analysed tree tells, or None where it cannot be a function."""
    conn = catalog.conn
    takes = ", ".join(catalog.types[oid].written for oid in answer.parameters)
    gives = "setof record" if answer.columns else "void"
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(
                f"create function pg_temp.described({takes}) returns {gives}"
                f" begin atomic {sql}; end".encode()
            )
            found = conn.execute(
                "select prosqlbody::text from pg_catalog.pg_proc"
                " where pronamespace = pg_my_temp_schema() and proname = 'described'"
            ).fetchone()
    except Error:
        return None
    assert found is not None
    return Nulls(parse(str(found[0]))[0], catalog, declared)


def _type(catalog: Catalog, source: Source, what: str, oid: int) -> PythonType:
    found = python_type(catalog, oid)
    if found is None:
        raise source.refuse(
            f"{what} is of type {catalog.types[oid].written}, which has no type in"
            " Python; cast it, or name the fields one by one."
        )
    return found


def _parameters(
    catalog: Catalog,
    source: Source,
    answer: _Answer,
    nulls: Nulls | None,
    declared: dict[int, bool],
) -> list[Parameter]:
    found: list[Parameter] = []
    for number, (name, oid) in enumerate(
        zip(source.parameters, answer.parameters, strict=True), 1
    ):
        null = declared.get(number, nulls is not None and number in nulls.parameters)
        # A null that would be stored must be said, unless the comment declares it.
        stored = nulls is not None and number in nulls.assigned
        optional = null and (number in declared or not stored)
        python = _type(catalog, source, f"the parameter {name}", oid)
        found.append(Parameter(name, python, null, optional))
    return found


def _columns(
    catalog: Catalog, source: Source, answer: _Answer, nulls: Nulls | None
) -> list[Column]:
    if source.operator == "!":
        return []
    may_be_null = nulls.columns() if nulls else [True] * len(answer.columns)
    holes = nulls.holes() if nulls else [True] * len(answer.columns)
    names = [name for name, _ in answer.columns]
    found: list[Column] = []
    for (name, oid), null, hole in zip(answer.columns, may_be_null, holes, strict=True):
        if source.operator != "$":
            _check_name(source, name, names)
        python = _type(catalog, source, f"the column {name}", oid)
        found.append(
            Column(
                name,
                python.with_holes if hole and python.element else python,
                _declared(source, name, null),
                name in source.secrets,
            )
        )
    return found


def _declared(source: Source, name: str, null: bool) -> bool:
    """What the comment says of a column; a `?` on a parameter's name is the parameter's."""
    said = source.nulls.get(name, null)
    return null if said and name in source.parameters else said


def _check_name(source: Source, name: str, names: list[str]) -> None:
    if names.count(name) > 1:
        raise source.refuse(f"two columns are called {name}; rename one with `as`.")
    if (
        keyword.iskeyword(name)
        or name in TAKEN
        or not name.isidentifier()
        or name.startswith("_")
    ):
        raise source.refuse(
            f"a column has no name of use ({name}); give it one with `as`."
        )


def _check_declared(source: Source, columns: list[str]) -> None:
    for name in source.nulls:
        if name not in columns and name.removeprefix(":") not in source.parameters:
            raise source.refuse(
                f"`null:` names {name}, which is no parameter and no column of it;"
                " correct or drop it."
            )
    for name in source.secrets:
        if name not in columns:
            raise source.refuse(
                f"`secret:` names {name}, which is no column of it; correct or drop it."
            )
    if source.row and source.operator not in ("", "^"):
        raise source.refuse("it gives no rows but names a `row:`; drop the directive.")
