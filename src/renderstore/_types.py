"""The database's enums as StrEnums: looked up once a store, then known to each connection."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

import psycopg
from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor
from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, Loader
from psycopg.rows import tuple_row
from psycopg.types.enum import EnumInfo, register_enum

_Found = Sequence[tuple[Any, ...]]

_LOOK_UP = """
select
    pg_namespace.nspname || '.' || pg_type.typname,
    pg_type.oid::bigint,
    pg_type.typarray::bigint,
    array(
        select pg_enum.enumlabel::text
        from pg_catalog.pg_enum
        where pg_enum.enumtypid = pg_type.oid
        order by pg_enum.enumsortorder
    )
from pg_catalog.pg_type
join pg_catalog.pg_namespace on pg_namespace.oid = pg_type.typnamespace
where pg_type.typtype = 'e' and pg_namespace.nspname || '.' || pg_type.typname = any(%s)
"""


def register(conn: Connection[Any]) -> None:
    """Teach a connection that no store made the database's enums."""
    _register(_look_up(conn), conn)


async def aregister(conn: AsyncConnection[Any]) -> None:
    """Teach an asyncio connection that no store made the database's enums."""
    _register(await _alook_up(conn), conn)


def known_types(conn: Connection[Any]) -> tuple[AdaptersMap, bool]:
    """What a store's connections know, and whether the database had every enum."""
    types = AdaptersMap(psycopg.adapters)
    return types, _register(_look_up(conn), types)


async def aknown_types(conn: AsyncConnection[Any]) -> tuple[AdaptersMap, bool]:
    """The same for asyncio."""
    types = AdaptersMap(psycopg.adapters)
    return types, _register(await _alook_up(conn), types)


def _look_up(conn: Connection[Any]) -> _Found:
    cursor = Cursor(conn, row_factory=tuple_row)
    return cursor.execute(_LOOK_UP, (list(_enums()),)).fetchall()


async def _alook_up(conn: AsyncConnection[Any]) -> _Found:
    cursor = AsyncCursor(conn, row_factory=tuple_row)
    return await (await cursor.execute(_LOOK_UP, (list(_enums()),))).fetchall()


@cache
def _enums() -> dict[str, type[StrEnum]]:
    return dict(import_module("renderstore._schema").ENUMS)


def _register(found: _Found, context: AdaptContext) -> bool:
    """Answer whether the database had them all."""
    for name, oid, array_oid, labels in found:
        enum = _enums()[name]
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
    return len(found) == len(_enums())


class _Labels(dict[bytes, StrEnum]):
    def __missing__(self, label: bytes) -> NoReturn:
        raise psycopg.DataError(
            f"The database knows a label that this package does not: {bytes(label)!r}."
            " Install the version of renderstore that its migrations came with."
        )


def _loader(name: str, mapping: list[tuple[StrEnum, str]]) -> type[Loader]:
    """Half the price of psycopg's own, which decodes each value before it looks it up."""
    labels = _Labels({label.encode(): member for member, label in mapping})
    return type(f"{name}Loader", (Loader,), {"load": staticmethod(labels.__getitem__)})
