"""Loads query files through aiosql, ready for psycopg and with each query's name inside."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiosql.adapters.pyformat import PyFormatAdapter
from aiosql.query_loader import QueryLoader
from aiosql.types import QueryDatum, SQLOperationType

from renderstore._paths import QUERIES

# The file with the queries of an area as a whole: identity.sweep, not identity.area.sweep.
AREA = "area"

_FIRST_WORD = re.compile(r"\A\W*\w+")


class Statement(NamedTuple):
    """A query as it goes to the server."""

    name: str
    sql: bytes


class _Adapter(PyFormatAdapter):
    """Writes parameters as psycopg reads them and the query's name into its text.

    The name stands behind the first word because pg_stat_statements drops a leading
    comment and pg_stat_activity cuts the end off.
    """

    def process_sql(self, query_name: str, op_type: SQLOperationType, sql: str) -> str:
        finished = str(super().process_sql(query_name, op_type, sql))  # type: ignore[no-untyped-call]
        return _FIRST_WORD.sub(
            lambda word: f"{word[0]} /* {query_name} */", finished, count=1
        )


def read(path: Path) -> list[QueryDatum]:
    """The queries of one file, in its order; a name given twice is there twice."""
    loader = QueryLoader(_Adapter(), None, attribute=None)  # type: ignore[no-untyped-call]
    place = [path.parent.name] + ([] if path.stem == AREA else [path.stem])
    return loader.load_query_data_from_sql(path.read_text("utf-8"), place, path)


@cache
def load(area: str, name: str) -> Mapping[str, Statement]:
    """The statements of sql/queries/AREA/NAME.sql by their queries' names."""
    return {
        query.query_name.rpartition(".")[2]: Statement(
            query.query_name, query.sql.encode()
        )
        for query in read(QUERIES / area / f"{name}.sql")
    }
