"""One form for the definitions of views, whichever version writes them.

PostgreSQL 15 writes a view over a single relation with every column qualified by it; from 16 on
the columns stand alone. Tables, constraints, policies, triggers and bodies need no such thing: all
versions write them alike (tests/schema/test_differences.py runs on each).
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""[eE]?'(?:[^']|'')*'|"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")*|\w+|\s+|.""", re.DOTALL
)
_ENDS = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH"}
_SETS = {"UNION", "INTERSECT", "EXCEPT"}


def as_16_writes_it(definition: str) -> str:
    """The same definition as PostgreSQL 16 and later write it."""
    tokens: list[str] = _TOKEN.findall(definition)
    own = _own_level(tokens)
    alias = _only_relation(tokens, own)
    if alias is None:
        return definition
    kept: list[str] = []
    at = 0
    while at < len(tokens):
        # A whole row keeps its relation's name: it has no other.
        if (
            own[at]
            and tokens[at : at + 2] == [alias, "."]
            and tokens[at + 2] != "*"
            and kept[-1:] != ["."]
        ):
            at += 2
            continue
        kept.append(tokens[at])
        at += 1
    return "".join(kept)


def _own_level(tokens: list[str]) -> list[bool]:
    """Whether each token is the outer query's own, and not a query's inside of it."""
    inner: list[bool] = []
    own: list[bool] = []
    for at, token in enumerate(tokens):
        if token == "(":
            first = next((each for each in tokens[at + 1 :] if not each.isspace()), "")
            inner.append(first in {"SELECT", "WITH", "VALUES"})
        own.append(not any(inner))
        if token == ")" and inner:
            inner.pop()
    return own


def _only_relation(tokens: list[str], own: list[bool]) -> str | None:
    """The name by which the outer query's only relation goes; None where there are more, or none."""
    depth = 0
    words: list[str] = []
    is_from = False
    for token, is_own in zip(tokens, own, strict=True):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 1 and is_own and is_from and token == "JOIN":
            return None
        if depth > 0:
            continue
        if token in _SETS or (is_from and token == ","):
            return None
        if token == "FROM":
            is_from = True
        elif token in _ENDS:
            is_from = False
        elif is_from and not token.isspace():
            words.append(token)
    # The names of its columns may follow the alias.
    while words and words[-1] == ")":
        words.pop()
    return words[-1] if words else None
