"""What each role may do with a table and with which of its rows, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from renderstore._dev.dictionary._markdown import Page, code, codes
from renderstore._dev.dictionary._model import Relation, Thing

_VERBS = {"SELECT": "read", "INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}
_COMMANDS = {command.lower(): verb for command, verb in _VERBS.items()}
# What most walls say: whose rows, by the column that says whose.
_OWN = "({column} = ( SELECT identity.current_user_id() AS current_user_id))"
_DELETED = "(project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))"
_WORDS = {
    "true": "every row",
    _OWN.format(column="user_id"): "the acting user's own rows",
    _OWN.format(column="id"): "the acting user's own row",
    f"({_OWN.format(column='user_id')} AND {_DELETED})": (
        "the acting user's own rows, save those of deleted projects"
    ),
    f"({_OWN.format(column='user_id')} AND ((project_id IS NULL) OR {_DELETED}))": (
        "the acting user's own rows, save those of deleted projects"
    ),
    "(held_by = ( SELECT work.current_worker() AS current_worker))": (
        "the rows that the acting worker holds"
    ),
}
# A row that goes with one of another table, whose own walls hold.
_BESIDE = re.compile(
    r"\(EXISTS \( SELECT FROM (?P<table>[\w.]+) (?P<alias>\w+) WHERE"
    r" \(\((?P<first>[^()]*)\) AND \((?P<second>[^()]*)\)\)\)\)"
)
EVERYBODY = "PUBLIC"


def rows(relation: Relation, page: Page) -> list[tuple[str, str, str]]:
    """A role, what it may do, and with which rows."""
    roles = set(relation.facts.get("grants", {}))
    roles |= {
        name for each in relation.columns for name in each.facts.get("grants", {})
    }
    roles |= {name for each in relation.policies for name in each.facts["roles"]}
    return [
        (_named(role), _rights(relation, role), _reach(relation, role, page))
        for role in sorted(roles)
    ]


def sentence(relation: Relation) -> str:
    """How strong the walls are."""
    if relation.kind == "view":
        invoker = "security_invoker=true" in relation.facts.get("options", [])
        return (
            "Whoever reads it needs the rights to what it reads, whose walls hold: it runs with its caller's rights."
            if invoker
            else "It runs with its owner's rights."
        )
    if not relation.facts.get("row_security"):
        return "Row-level security is off: who may read it reads every row."
    if relation.facts.get("forced"):
        return "Row-level security is on, and holds the table's owner too."
    return "Row-level security is on."


def may_run(function: Thing) -> str:
    """Who may run a function beside its owner; empty where nobody may."""
    return ", ".join(_named(role) for role in sorted(function.facts.get("grants", {})))


def _named(role: str) -> str:
    return "everybody" if role == EVERYBODY else code(role)


def _rights(relation: Relation, role: str) -> str:
    if role == relation.facts.get("owner"):
        return "owns it"
    whole: Sequence[str] = relation.facts.get("grants", {}).get(role, [])
    said: list[str] = []
    for right, verb in _VERBS.items():
        columns = [
            each.name
            for each in relation.columns
            if right in each.facts.get("grants", {}).get(role, [])
        ]
        if right in whole:
            said.append(verb)
        elif columns:
            said.append(f"{verb} {codes(columns)}")
    said += [right.lower() for right in whole if right not in _VERBS]
    return "; ".join(said) or "nothing by itself"


def _reach(relation: Relation, role: str, page: Page) -> str:
    if relation.kind == "view" or not relation.facts.get("row_security"):
        return ""
    said = [
        _policy(each, page)
        for each in relation.policies
        if {role, EVERYBODY} & set(each.facts["roles"])
    ]
    return "; ".join(said) or "no row"


def _policy(policy: Thing, page: Page) -> str:
    command, using, check = (
        policy.facts.get(fact) for fact in ("command", "using", "check")
    )
    said = "" if command == "all" else f"{_COMMANDS[command or '']}: "
    said += _condition(using or check or "true", page)
    if using and check and check != using:
        said += f", and what is written is {_condition(check, page)}"
    if policy.facts.get("restrictive"):
        said += ", whatever the others let"
    return f"{said} ({code(policy.name)})"


def _condition(condition: str, page: Page) -> str:
    line = " ".join(condition.split())
    if line in _WORDS:
        return _WORDS[line]
    if match := _BESIDE.fullmatch(line):
        # Both sides name the table's own column second.
        own = [match[side].rpartition(".")[2] for side in ("first", "second")]
        return f"rows that go with one of {page.named(match['table'])} that it may read, by {codes(own)}"
    return f"rows where {code(line)}"
