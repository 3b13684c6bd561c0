"""Lists of JSON as parameters. psycopg writes such a list as text, and its quotes one by one, at ten times the price."""

from __future__ import annotations

import json
from struct import Struct

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from renderstore._rows import Json


class JsonbList(list[Json]):
    """Values for a jsonb[]; None is a null of SQL."""


class _JsonbListDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["jsonb"].array_oid

    # Dimensions, whether there are nulls, the element's type; its length and where it begins.
    _head = Struct("!iiIii")
    _length = Struct("!i")
    _null = _length.pack(-1)

    def dump(self, obj: JsonbList) -> bytes:
        element = psycopg.adapters.types["jsonb"].oid
        parts = [self._head.pack(1, None in obj, element, len(obj), 1)]
        for each in obj:
            if each is None:
                parts.append(self._null)
                continue
            said = json.dumps(each).encode()
            # The byte is the version of the binary format.
            parts += (self._length.pack(len(said) + 1), b"\x01", said)
        return b"".join(parts)


# For every connection, since a generated function takes any; the class is ours alone.
psycopg.adapters.register_dumper(JsonbList, _JsonbListDumper)
