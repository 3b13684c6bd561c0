"""Whose fault an error of the vocabulary is: the value of which parameter, and what that takes.

Asked only when something failed. The driver and the database decide what is refused; this finds
words for it, and quotes no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from math import inf, isfinite
from typing import Any, NoReturn, cast
from uuid import UUID

import psycopg
from psycopg.pq.abc import PGresult
from psycopg.types.json import Json, Jsonb

from renderstore import errors
from renderstore._queries import Statement

Parameters = Mapping[str, object]

UNREADABLE = "unreadable"
"""The class of a job's failure that no client's code caused."""

_WHOLE = {"int2": 15, "int4": 31, "int8": 63, "oid": 63}
_TEXT = "text without a NUL character or half a surrogate pair"
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
# More than any interpreter's own limit, below which its encoder may give up.
_DEEP = 500
_DIGITS = 4300
_NEGATIVE = {"2201W", "2201X"}
_NO_SAMPLE = "2202H"
_LARGEST_REAL = 3.4028234663852886e38
# The classes of SQLSTATE that speak of a value alone, and of no rule.
_OF_VALUES = {"22", "54"}


def refuse(error: Exception, statement: Statement, parameters: Parameters) -> NoReturn:
    """Raise what people should read of a statement that failed, with the error as its cause."""
    said = _said(error, statement, parameters)
    if said is error:
        raise error
    raise said from error


def unread(error: Exception, statement: Statement) -> NoReturn:
    """Raise that an answer cannot be held, with the error as its cause."""
    if isinstance(error, errors.Error):
        raise error
    raise errors.Unreadable(
        f"The answer to {statement.name} holds a value that Python cannot hold."
    ) from error


def failure(
    error: Exception, statement: Statement, result: PGresult | None, row: int
) -> dict[str, object]:
    """What to report of a claimed job that cannot be read: its keys can."""
    assert result is not None
    keys: dict[str, str] = {}
    for column in range(result.nfields):
        name, cell = result.fname(column), result.get_value(row, column)
        if name is not None and cell is not None:
            keys[name.decode()] = cell.decode()
    said = f"{type(error).__name__}: {error}"[:1000].replace("\0", "\ufffd")
    return {
        "user_id": UUID(keys["user_id"]),
        "id": UUID(keys["id"]),
        "attempt": int(keys["attempt"]),
        "error_class": UNREADABLE,
        "error_message": f"What {statement.name} gives of this job holds a value that Python"
        f" cannot hold. {said.encode('utf-8', 'replace').decode()}",
        "exit_code": None,
    }


def _said(error: Exception, statement: Statement, parameters: Parameters) -> Exception:
    if isinstance(error, errors.Error):
        return error
    if not isinstance(error, psycopg.Error):
        return _refused(error, statement, parameters) or error
    if error.sqlstate is None:
        lost = errors.translate(error)
        if lost is not error:
            return lost
        return _refused(error, statement, parameters) or error
    said = errors.translate(error)
    if said is error or error.sqlstate[:2] in _OF_VALUES:
        # A number too large for its type makes another function of a call, one that is not there.
        refused = _refused(error, statement, parameters)
        return refused or (errors.unexpected(error) if said is error else said)
    return said


def _refused(
    error: Exception, statement: Statement, parameters: Parameters
) -> errors.Error | None:
    """What a parameter takes whose value is not that, if there is one."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    types = _types(statement.name)
    for name, value in parameters.items():
        takes = _lacks(types.get(name, ""), value, state)
        if takes is not None:
            return _invalid(name, f"{name} takes {takes}.", state)
    given = [name for name, value in parameters.items() if value is not None]
    named = given[0] if len(given) == 1 else _named_by_server(error, statement)
    if state is not None and state[:2] in _OF_VALUES and named is not None:
        said = f"{named} takes another value: the database refuses this one."
        return _invalid(named, said, state)
    return None


def _invalid(name: str, sentence: str, state: str | None) -> errors.Error:
    return errors.Invalid(sentence, parameter=name, sqlstate=state)


@cache
def _types(name: str) -> Mapping[str, str]:
    from renderstore._parameters import PARAMETERS

    return PARAMETERS.get(name, {})


@cache
def _labels(name: str) -> type[StrEnum] | None:
    from renderstore._schema import ENUMS

    return dict(ENUMS).get(name)


def _named_by_server(error: Exception, statement: Statement) -> str | None:
    """The server numbers a parameter that it cannot read, in the last line of its context."""
    context = error.diag.context if isinstance(error, psycopg.Error) else None
    found = re.search(r" \$(\d+)(?: = .*)?\Z", context or "")
    if found is None:
        return None
    found_names: list[str] = re.findall(r"%\((\w+)\)s", statement.sql.decode())
    names = list(dict.fromkeys(found_names))
    return names[int(found[1]) - 1]


def _lacks(kind: str, value: object, state: str | None) -> str | None:
    """What a parameter of this type takes, where the value is something else."""
    if value is None:
        return None
    if isinstance(value, Json | Jsonb):
        return _lacks_json([value.obj])
    if kind.endswith("[]"):
        if kind == "jsonb[]":
            return _lacks_json(cast(Sequence[object], value))
        each = cast(Sequence[object], value)
        return next(filter(None, (_lacks(kind[:-2], one, state) for one in each)), None)
    if kind in _CHECKS:
        found: str | None = _CHECKS[kind](value, state)
        return found
    labels = _labels(kind)
    if labels is not None and value not in list(labels):
        return f"one of {', '.join(labels)}"
    return None


def _lacks_whole(bits: int) -> Callable[[Any, str | None], str | None]:
    def check(value: int, state: str | None) -> str | None:
        if state in _NEGATIVE and value < 0:
            return "no negative number"
        if -(2**bits) <= value < 2**bits:
            return None
        return f"a whole number from {-(2**bits)} to {2**bits - 1}"

    return check


def _lacks_real(value: Any, state: str | None) -> str | None:
    if state == _NO_SAMPLE and not 0 <= value <= 100:
        return "a number from 0 to 100"
    return "a smaller number" if _LARGEST_REAL < abs(value) < inf else None


def _lacks_text(value: Any, state: str | None) -> str | None:
    del state
    return None if _is_text(value) else _TEXT


def _lacks_time(value: Any, state: str | None) -> str | None:
    del state
    try:
        inside = _FIRST <= value.astimezone(UTC) <= _LAST
    except (OverflowError, ValueError):
        inside = False
    return None if inside else "a time from 1970 to 9999"


def _lacks_length(value: timedelta, state: str | None) -> str | None:
    del state
    # From any moment of today it leaves the calendar.
    return None if abs(value.days) < 365 * 1900 else "a shorter length of time"


def _lacks_uuid(value: object, state: str | None) -> str | None:
    del state
    if isinstance(value, UUID):
        return None
    try:
        UUID(str(value))
    except ValueError:
        return "a UUID"
    return None


_CHECKS: Mapping[str, Callable[[Any, str | None], str | None]] = {
    **{kind: _lacks_whole(bits) for kind, bits in _WHOLE.items()},
    "float4": _lacks_real,
    "text": _lacks_text,
    "varchar": _lacks_text,
    "name": _lacks_text,
    "timestamptz": _lacks_time,
    "interval": _lacks_length,
    "uuid": _lacks_uuid,
}


def _lacks_json(values: Iterable[object]) -> str | None:
    """Level by level rather than by recursion, which is what may have failed."""
    level = list(values)
    for _ in range(_DEEP):
        inner: list[object] = []
        for each in level:
            match each:
                case str():
                    if not _is_text(each):
                        return f"JSON whose {_TEXT.replace('text', 'texts are', 1)}"
                case bool() | None:
                    pass
                case int():
                    if abs(each) >= 10**_DIGITS:
                        return f"JSON with numbers of at most {_DIGITS} digits"
                case float():
                    if not isfinite(each):
                        return "JSON without NaN or infinity"
                case Mapping():
                    found = cast(Mapping[object, object], each)
                    inner += found.keys()
                    inner += found.values()
                case Sequence():
                    inner += cast(Sequence[object], each)
                case _:
                    return "JSON"
        if not inner:
            return None
        level = inner
    return f"JSON that is nested at most {_DEEP} deep"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
