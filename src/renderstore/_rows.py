"""What generated modules share: the row decorator and the types that Python lacks."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TypeAlias, TypeVar, dataclass_transform

if sys.version_info >= (3, 12):
    from typing import TypeAliasType
else:
    from typing_extensions import TypeAliasType

# Mapping and Sequence rather than dict and list: a caller's dict[str, str] is Json too.
# A type with a name: what walks types, as pydantic does, would follow a plain alias for ever.
Json = TypeAliasType(
    "Json",
    "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None",
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
    # Read by pydantic alone: bytes that are no text would not go into JSON otherwise.
    cls.__pydantic_config__ = {  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        "ser_json_bytes": "base64",
        "val_json_bytes": "base64",
    }
    return dataclass(slots=True, unsafe_hash=True)(cls)
