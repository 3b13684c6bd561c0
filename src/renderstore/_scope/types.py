"""The database's enums as StrEnums: looked up once a store, then known to each connection."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.enum import EnumInfo, register_enum

from renderstore.errors import Unreadable

Found = Sequence[tuple[Any, ...]]

LOOK_UP = """
select
    pg_namespace.nspname || '.' || pg_type.typname,
    pg_type.oid::bigint,
    pg_type.typarray::bigint,
    array(
        select pg_enum.enumlabel::text
        from pg_catalog.pg_enum
        where pg_enum.enumtypid = pg_type.oid
        order by pg_enum.enumsortorder
    ),
    pg_backend_pid()
from pg_catalog.pg_type
join pg_catalog.pg_namespace on pg_namespace.oid = pg_type.typnamespace
where pg_type.typtype = 'e' and pg_namespace.nspname || '.' || pg_type.typname = any(%s)
"""


@cache
def enums() -> dict[str, type[StrEnum]]:
    return dict(import_module("renderstore._schema").ENUMS)


def teach(found: Found, context: AdaptContext) -> bool:
    """Register what was found; answer whether the database had them all."""
    for name, oid, array_oid, labels, _ in found:
        enum = enums()[name]
        info = EnumInfo(name, oid, array_oid, labels=labels)
        # By value, not by psycopg's default, the member's name. A label that this version of
        # the package does not know stays out, and is an error where it is read.
        known = {str(member): member for member in enum}
        mapping = [
            (member, label) for label, member in known.items() if label in labels
        ]
        register_enum(info, context, enum, mapping=mapping)
        adapters = context if isinstance(context, AdaptersMap) else context.adapters
        adapters.register_loader(oid, _loader(name, mapping))
    return len(found) == len(enums())


class _Labels(dict[bytes, StrEnum]):
    def __missing__(self, label: bytes) -> NoReturn:
        raise Unreadable(
            f"The database knows a label that this package does not: {bytes(label)!r}."
            " Install the version of renderstore that its migrations came with."
        )


def _loader(name: str, mapping: list[tuple[StrEnum, str]]) -> type[Loader]:
    """Half the price of psycopg's own, which decodes each value before it looks it up."""
    labels = _Labels({label.encode(): member for member, label in mapping})
    return type(f"{name}Loader", (Loader,), {"load": staticmethod(labels.__getitem__)})
