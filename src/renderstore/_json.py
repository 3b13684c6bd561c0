"""Lists of JSON as parameters. psycopg writes such a list as text, and its quotes one by one, at ten times the price."""

from __future__ import annotations

from struct import Struct

import psycopg
from psycopg.types.json import JsonbBinaryDumper

from renderstore._rows import Json

_JSONB = psycopg.adapters.types["jsonb"]


class JsonbList(list[Json]):
    """Values for a jsonb[]; None is a null of SQL."""


class _JsonbListDumper(JsonbBinaryDumper):
    oid = _JSONB.array_oid

    # Dimensions, whether there are nulls, the element's type; its length and where it begins.
    _head = Struct("!iiIii")
    _length = Struct("!i")
    _null = _length.pack(-1)

    def dump(self, obj: JsonbList) -> bytes:
        parts = [self._head.pack(1, None in obj, _JSONB.oid, len(obj), 1)]
        for each in obj:
            if each is None:
                parts.append(self._null)
                continue
            said = super().dump(each)
            assert said is not None
            parts += (self._length.pack(len(said)), bytes(said))
        return b"".join(parts)


# For every connection, since a generated function takes any; the class is ours alone.
psycopg.adapters.register_dumper(JsonbList, _JsonbListDumper)
