"""What generated modules share: the row decorator and the types that Python lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TypeAlias, TypeVar, dataclass_transform

# Mapping and Sequence rather than dict and list: a caller's dict[str, str] is Json too.
Json: TypeAlias = (
    Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None
)
Inet: TypeAlias = IPv4Address | IPv6Address | IPv4Interface | IPv6Interface

T = TypeVar("T")


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(field,)
)
def row(cls: type[T]) -> type[T]:
    """Make a row class.

    Frozen and keyword-only for type checkers alone: a frozen dataclass costs six times
    as much to build, and rows are built by position from what the server sends.
    Hashable, since a type checker takes whatever is frozen to be so.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
