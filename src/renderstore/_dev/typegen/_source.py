"""Reads a query file as its author wrote it, and refuses what aiosql would misread."""

import keyword
import re
from dataclasses import dataclass, field
from pathlib import Path

from renderstore._dev.typegen._refused import Refused, at, place
from renderstore._queries import read

_NAME = re.compile(r"\s*--\s*name\s*:\s*(.*?)\s*$")
_SPEC = re.compile(r"(\w+)\s*\(\s*(\w+(?:\s*,\s*\w+)*)?\s*\)\s*(\S*)$")
_COMMENT = re.compile(r"\s*--\s?(.*?)\s*$")
_DIRECTIVE = re.compile(r"([a-z_]+):(?:\s+(.*))?$")
_NULL = re.compile(r"(:?\w+)([?!])")
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_LEXEME = re.compile(
    r"(?P<escape>\b[eE]'(?:''|\\.|[^'\\])*')"
    r"|(?P<plain>'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\")"
    r"|(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?P<comment>--[^\n]*|/\*.*?\*/)",
    re.DOTALL,
)

OPERATORS = ("", "^", "$", "!")
DIRECTIVES = ("row", "null", "secret")


@dataclass(slots=True)
class Source:
    """One query as it is written."""

    path: Path
    line: int
    name: str
    parameters: list[str]
    operator: str
    doc: list[str] = field(default_factory=list[str])
    row: str = ""
    nulls: dict[str, bool] = field(default_factory=dict[str, bool])
    secrets: list[str] = field(default_factory=list[str])
    begins: int = 0  # the line of the statement's first word
    body: str = ""
    sql: str = ""  # as aiosql gives it: %(name)s for a parameter

    def refuse(self, problem: str, line: int = 0) -> Refused:
        """A refusal that names this query."""
        return at(self.path, line or self.line, self.name, problem)


@dataclass(frozen=True, slots=True)
class File:
    """One query file."""

    area: str
    name: str
    heading: list[str]
    queries: list[Source]


def read_file(path: Path) -> File:
    """The queries of a file in its order."""
    heading: list[str] = []
    queries: list[Source] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        named = _NAME.match(line)
        if named:
            queries.append(_begin(path, number, named[1]))
        elif queries:
            _read_line(queries[-1], number, line)
        elif comment := _COMMENT.match(line):
            heading.append(comment[1])
        elif line.strip():
            raise Refused(
                f"{place(path)}:{number}: this line belongs to no query;"
                " write `-- name: verb(parameters)` above it."
            )
    if (
        path.stem == "enums"
        or keyword.iskeyword(path.stem)
        or not path.stem.isidentifier()
    ):
        raise Refused(
            f"{place(path)}: a module cannot have this name; rename the file."
        )
    if not heading or not heading[0]:
        raise Refused(
            f"{place(path)}:1: the file does not say what it holds;"
            " begin it with a comment of one sentence."
        )
    for query in queries:
        _check(query, [each for each in queries if each.name == query.name])
    loaded = read(path)
    if len(loaded) != len(queries):
        raise Refused(
            f"{place(path)}: aiosql finds {len(loaded)} names here and we {len(queries)};"
            " write `-- name:` at the start of a line alone."
        )
    for query, datum in zip(queries, loaded, strict=True):
        query.sql = datum.sql.rstrip().removesuffix(";").rstrip()
    return File(path.parent.name, path.stem, heading, queries)


def _begin(path: Path, line: int, spec: str) -> Source:
    found = _SPEC.match(spec)
    if not found:
        raise Refused(
            f"{place(path)}:{line} {spec}: a name is written"
            " `-- name: verb(parameter, …)` and then nothing, ^, $ or !; write it so."
        )
    query = Source(path, line, found[1], re.findall(r"\w+", found[2] or ""), found[3])
    if query.operator not in OPERATORS:
        raise query.refuse(
            f"the operator {query.operator} is not used here;"
            " end the name in nothing (a list), ^ (a row), $ (a value) or ! (a count)."
        )
    if keyword.iskeyword(query.name) or not re.match("[a-z]", query.name):
        raise query.refuse("Python has no function of this name; choose another.")
    for each in query.parameters:
        if keyword.iskeyword(each) or each == "conn" or not each.isidentifier():
            raise query.refuse(
                f"a parameter cannot be called {each} in Python; choose another name."
            )
        if query.parameters.count(each) > 1:
            raise query.refuse(f"the parameter {each} is declared twice; drop one.")
    return query


def _read_line(query: Source, number: int, line: str) -> None:
    comment = _COMMENT.match(line)
    if query.begins or (line.strip() and not comment):
        query.begins = query.begins or number
        query.body += line + "\n"
    elif comment:
        directive = _DIRECTIVE.match(comment[1])
        if directive:
            _read_directive(query, number, directive[1], directive[2] or "")
        else:
            query.doc.append(comment[1])


def _read_directive(query: Source, number: int, word: str, rest: str) -> None:
    match word:
        case "row":
            query.row = rest
            pattern = r"(?!None$|True$|False$)[A-Z]\w*"
        case "null":
            query.nulls.update(
                (name, sign == "?") for name, sign in _NULL.findall(rest)
            )
            pattern = r":?\w+[?!](\s+:?\w+[?!])*"
        case "secret":
            query.secrets += rest.split()
            pattern = r"\w+(\s+\w+)*"
        case _:
            raise query.refuse(
                f"there is no directive `{word}:`;"
                " there are `row:`, `null:` and `secret:` (or word the sentence anew).",
                number,
            )
    if not re.fullmatch(pattern, rest):
        raise query.refuse(
            f"the directive `{word}: {rest}` cannot be read;"
            " write `row: ClassName`, `null: may_be? never!` or `secret: column`.",
            number,
        )


def _check(query: Source, same: list[Source]) -> None:
    if len(same) > 1:
        raise same[1].refuse(
            f"line {same[0].line} already has a query of this name; rename one."
        )
    if not any(query.doc):
        raise query.refuse(
            "it has no description; add a comment of one sentence under its name."
        )
    if not query.begins:
        raise query.refuse("it has no statement; write one under its comment.")
    plain = _mask(query)
    if plain.count(";") != 1 or not plain.rstrip().endswith(";"):
        raise query.refuse(
            "a query is one statement and ends in one semicolon; split or end it."
        )
    for found in re.finditer(r"(?<!:):\d", plain):
        raise query.refuse(
            "aiosql takes the number after a colon for a parameter;"
            " put spaces around the colon, as in [1 : 2].",
            _line(query, found.start()),
        )
    used = set(_PARAMETER.findall(plain))
    for each in sorted(used - set(query.parameters)):
        raise query.refuse(
            f"the parameter :{each} is not declared;"
            " add it to the parentheses after the query's name."
        )
    for each in query.parameters:
        if each not in used:
            raise query.refuse(
                f"the parameter {each} is declared but not used; use it or drop it."
            )


def _mask(query: Source) -> str:
    """The statement with its strings blanked out."""

    def blank(found: re.Match[str]) -> str:
        line = _line(query, found.start())
        if found["comment"]:
            raise query.refuse(
                "a comment may only stand above the first name or directly under a"
                " name; move it.",
                line,
            )
        if not found["plain"] and re.search(r":\w", found[0]):
            raise query.refuse(
                "aiosql takes a colon inside this string for a parameter;"
                " write a plain string in single quotes.",
                line,
            )
        return re.sub(r"[^\n]", " ", found[0])

    plain = _LEXEME.sub(blank, query.body)
    lone = re.search("%", re.sub("%%", "  ", query.body))
    if lone:
        raise query.refuse(
            "a percent sign is read as a parameter; write %% for a literal one.",
            _line(query, lone.start()),
        )
    return plain


def _line(query: Source, offset: int) -> int:
    return query.begins + query.body.count("\n", 0, offset)
