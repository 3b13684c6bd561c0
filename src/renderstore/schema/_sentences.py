"""Differences in words: a sentence each, for whoever has only `psql` at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Grants: TypeAlias = Mapping[str, Sequence[str]]

# Longer ones are not quoted: both sides are shown where somebody asks for them.
_LONGEST = 70

_PASSED_ON = " with grant option"
_MAY = {
    "SELECT": "read",
    "INSERT": "insert into",
    "UPDATE": "update",
    "DELETE": "delete from",
    "TRUNCATE": "truncate",
    "REFERENCES": "reference",
    "TRIGGER": "make triggers on",
    "MAINTAIN": "maintain",
    "EXECUTE": "run",
    "USAGE": "use",
    "CREATE": "create objects in",
}

# What is said where a fact that is on or off is on, and is off, against the migrations.
_SWITCHES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("database", "temporary_for_all"): (
        "Everybody may make temporary tables in {it}; the migrations take that right away.",
        "",
    ),
    ("database", "create_for_all"): (
        "Everybody may create schemas in {it}; the migrations let nobody.",
        "",
    ),
    ("database", "public_create_for_all"): (
        "Everybody may create objects in the schema public; on a new database nobody may.",
        "",
    ),
    ("role", "superuser"): ("{It} is a superuser; the migrations make it none.", ""),
    ("role", "createrole"): (
        "{It} may create roles; the migrations do not let it.",
        "",
    ),
    ("role", "createdb"): (
        "{It} may create databases; the migrations do not let it.",
        "",
    ),
    ("role", "login"): ("{It} may log in; the migrations do not let it.", ""),
    ("role", "replication"): (
        "{It} may read the replication stream; the migrations do not let it.",
        "",
    ),
    ("role", "bypassrls"): (
        "{It} bypasses row-level security; the migrations hold it to its policies.",
        "",
    ),
    ("role", "noinherit"): (
        "{It} inherits nothing of what it is granted; the migrations let it.",
        "{It} inherits what its roles may; the migrations do not let it.",
    ),
    ("table", "row_security"): (
        "Row-level security of {it} is on; the migrations leave it off.",
        "Row-level security of {it} is off: its policies hold nobody.",
    ),
    ("table", "forced"): (
        "Row-level security of {it} is forced; the migrations do not force it.",
        "Row-level security of {it} is not forced: its policies do not hold its owner.",
    ),
    ("column", "not_null"): (
        "{It} takes no null; the migrations let it.",
        "{It} takes null; the migrations say not null.",
    ),
    ("column", "not_null_unchecked"): (
        "{It} is not null for new rows alone: those before were not checked (NOT VALID).",
        "{It} is checked for null in all rows; the migrations check new ones alone.",
    ),
    ("constraint", "switched_off"): (
        "{It} is not enforced: its triggers are disabled.",
        "",
    ),
    ("index", "invalid"): ("{It} is invalid: it costs writes and serves nobody.", ""),
    ("sequence", "cycles"): (
        "{It} starts again at its end; the migrations let it end there.",
        "{It} ends at its end; the migrations let it start again.",
    ),
    ("function", "strict"): (
        "{It} gives null for any null argument; the migrations let it run.",
        "{It} runs with null arguments; the migrations give null for them.",
    ),
    ("function", "leakproof"): (
        "{It} is marked leakproof; the migrations do not mark it.",
        "{It} is not marked leakproof; the migrations mark it.",
    ),
    ("function", "security_definer"): (
        "{It} runs with its owner's rights; the migrations say its caller's.",
        "{It} runs with its caller's rights; the migrations say its owner's.",
    ),
    ("policy", "restrictive"): (
        "{It} is restrictive; the migrations make it permissive.",
        "{It} is permissive; the migrations make it restrictive.",
    ),
    ("type", "not_null"): (
        "{It} takes no null; the migrations let it.",
        "{It} takes null; the migrations do not let it.",
    ),
}
_FIRES = {
    "never": "is disabled",
    "replica": "fires for replication alone",
    "always": "fires for replication too",
    None: "fires as usual",
}
# What a fact is called where its name does not say it.
_WORDS = {
    "sort": "kind",
    "replica_identity": "replica identity",
    "partition_key": "partition key",
    "partition_bound": "partition bound",
    "parents": "parent tables",
    "children": "child tables",
    "using": "using condition",
    "check": "check condition",
    "parallel": "parallel safety",
    "returns": "result",
    "base": "base type",
    "identity": "identity",
    "generated": "generation",
    "options": "options",
}


def missing(kind: str, name: str) -> str:
    """The sentence for what the migrations make and is not there."""
    if kind == "database":
        return f"{_upper(_it(kind, name))} holds nothing of renderstore."
    verb = "are" if kind == "default privileges" else "is"
    return f"{_upper(_it(kind, name))} {verb} missing."


def more(kind: str, name: str) -> str:
    """The sentence for what is there and the migrations do not make."""
    if kind == "membership":
        member, _, role = name.partition(" in ")
        return f"{member} is a member of {role}; the migrations do not make it one."
    if kind == "default privileges":
        return f"{_upper(_it(kind, name))} are changed; the migrations leave them."
    return f"{_upper(_it(kind, name))} is there; the migrations make none of that name."


def differs(kind: str, name: str, what: str, expected: Any, found: Any) -> str:
    """The sentence for a fact that is otherwise."""
    it = _it(kind, name)
    if (kind, what) in _SWITCHES:
        here, gone = _SWITCHES[kind, what]
        return (here if found else gone).format(it=it, It=_upper(it))
    if what == "grants":
        return _granted(kind, it, expected or {}, found or {})
    if what == "owner_lacks":
        return _lacked(it, found or [])
    if what == "owner":
        return f"{_upper(it)} belongs to {found}; the migrations give it to {expected}."
    if what == "enabled":
        return (
            f"{_upper(it)} {_FIRES[found]}."
            if expected is None
            else f"{_upper(it)} {_FIRES[found]}; in the migrations it {_FIRES[expected]}."
        )
    if what == "values":
        return _values(it, expected or [], found or [])
    if kind == "constraint" and what == "definition":
        if found == f"{expected} NOT VALID":
            return f"{_upper(it)} is not valid: rows from before it were not checked."
        if found == f"{expected} NOT ENFORCED":
            return f"{_upper(it)} is not enforced: no row is checked."
    if (kind, what) in {("function", "body"), ("view", "definition")}:
        word = "body" if kind == "function" else "query"
        return f"The {word} of {it} differs from the migrations'."
    if what == "comment":
        return _commented(it, expected, found)
    return _plain(it, _WORDS.get(what, what), expected, found)


def _commented(it: str, expected: str | None, found: str | None) -> str:
    if found is None:
        return f"{_upper(it)} has no comment; the migrations give it one."
    if expected is None:
        return f"{_upper(it)} has a comment; the migrations give it none."
    if _is_short(expected) and _is_short(found):
        return f'The comment of {it} is "{found}"; the migrations say "{expected}".'
    return f"The comment of {it} differs from the migrations'."


def _plain(it: str, word: str, expected: Any, found: Any) -> str:
    here, ours = _written(found), _written(expected)
    if found is None:
        return (
            f"{_upper(it)} has no {word}; the migrations say {ours}."
            if _is_short(ours)
            else f"{_upper(it)} has no {word}; the migrations give it one."
        )
    if expected is None:
        return (
            f"{_upper(it)} has the {word} {here}; the migrations give it none."
            if _is_short(here)
            else f"{_upper(it)} has a {word}; the migrations give it none."
        )
    if _is_short(here) and _is_short(ours):
        return f"{_upper(it)} has the {word} {here}; the migrations say {ours}."
    return f"The {word} of {it} differs from the migrations'."


def _granted(kind: str, it: str, expected: Grants, found: Grants) -> str:
    said: list[str] = []
    later = kind == "default privileges"
    for grantee in sorted(expected.keys() | found.keys()):
        who = "Everybody" if grantee == "PUBLIC" else grantee
        ours, theirs = set(expected.get(grantee, [])), set(found.get(grantee, []))
        too_many, too_few = theirs - ours, ours - theirs
        passing = {
            right
            for right in too_many
            if right.endswith(_PASSED_ON) and right.removesuffix(_PASSED_ON) in ours
        }
        if passing:
            plain = {right.removesuffix(_PASSED_ON) for right in passing}
            said.append(
                f"{who} may let others {_rights(plain, it, later)}; the migrations do not grant that."
            )
            too_few -= plain
        if too_many - passing:
            said.append(
                f"{who} may {_rights(too_many - passing, it, later)}; the migrations do not grant that."
            )
        if too_few:
            said.append(
                f"{who} may not {_rights(too_few, it, later, 'or')}; the migrations grant that."
            )
    return " ".join(said)


def _rights(rights: set[str], it: str, later: bool, last: str = "and") -> str:
    words = _listed([_verb(right) for right in sorted(rights)], last)
    return f"{words} what is made by {it}" if later else f"{words} {it}"


def _verb(right: str) -> str:
    plain = right.removesuffix(_PASSED_ON)
    verb = _MAY.get(plain, plain.lower())
    return verb if plain == right else f"{verb} (and let others)"


def _lacked(it: str, found: Sequence[str]) -> str:
    if not found:
        return f"The owner of {it} has every right; the migrations take some."
    verbs = _listed([_verb(right) for right in found], "or")
    return f"The owner of {it} may not {verbs} it; the migrations leave it every right."


def _values(it: str, expected: list[str], found: list[str]) -> str:
    extra = [each for each in found if each not in expected]
    lost = [each for each in expected if each not in found]
    said: list[str] = []
    if extra:
        said.append(f"{_upper(it)} has {_quoted(extra)} more.")
    if lost:
        said.append(f"{_upper(it)} lacks {_quoted(lost)}.")
    if not said:
        said.append(f"The values of {it} stand in another order.")
    return " ".join(said)


def _quoted(values: list[str]) -> str:
    word = "the value" if len(values) == 1 else "the values"
    return f"{word} {_listed([repr(each) for each in values])}"


def _it(kind: str, name: str) -> str:
    if kind == "default privileges":
        return f"the default privileges of {name}"
    if kind in {"constraint", "trigger", "policy", "rule"}:
        holder, _, own = name.rpartition(".")
        return f"the {kind} {own} of {holder}"
    return f"the {kind} {name}".rstrip()


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(words: Sequence[str], last: str = "and") -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST and "\n" not in text


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return json.dumps(value)
