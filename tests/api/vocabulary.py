"""The generated functions, found by walking the package, and values of their types."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import EnumType
from importlib import import_module
from ipaddress import IPv4Address
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from psycopg.types.range import Range

from renderstore import Json, aio

VALUES: dict[object, object] = {
    bool: True,
    bytes: b"\x00",
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    Decimal: Decimal(1),
    float: 1.0,
    int: 1,
    str: "a",
    time: time(1),
    timedelta: timedelta(1),
    IPv4Address: IPv4Address("127.0.0.1"),
    UUID: UUID(int=0),
}


def modules(package: str) -> Iterator[str]:
    for area in aio.__all__:
        path = import_module(f"{package}.{area}").__path__
        for module in iter_modules(path, f"{package}.{area}."):
            if not module.name.endswith(".enums"):
                yield module.name


def functions(package: str) -> dict[str, Callable[..., Any]]:
    return {
        f"{module}.{name}": function
        for module in modules(package)
        for name, function in vars(import_module(module)).items()
        if inspect.isfunction(function) and function.__module__ == module
    }


SYNC = functions("renderstore")
ASYNC = functions("renderstore.aio")


def sample(kind: Any) -> Any:
    """A value of this type, none too likely to be there."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return sample(next(each for each in inner if each is not NoneType))
    if origin is list:
        return [sample(inner[0])]
    if origin is Range:
        return Range(sample(inner[0]), None)
    if isinstance(kind, EnumType):
        return next(iter(kind))
    if kind is Json:
        return {"a": [1, 2.5, None, True, {"b": "c"}]}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: sample(each) for name, each in hints.items()})
    return VALUES[kind]


# Text that says more than its type does.
TEXTS = {"old_rows": "[]"}


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(function)
    return {
        name: TEXTS.get(name) or sample(hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
