# ruff: noqa: A001 (a query is named for what it does)

"""What workers offer and jobs ask for.

Generated from sql/queries/work/labels.sql by `just generate`; do not edit.
"""

import builtins
from datetime import datetime

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import affected as _affected
from renderstore._scope.sync.run import many as _many
from renderstore._scope.sync.run import one as _one

_sql = _load("work", "labels")


@_row
class Label:
    """What declare and list give."""

    name: str
    meaning: str | None
    declared_by: str
    declared_at: datetime


def declare(
    conn: _Connection[object], *, name: str, meaning: str | None = None
) -> Label:
    """The label, made or given another meaning: workers bring theirs by registering."""
    return _one(conn, _sql["declare"], {"name": name, "meaning": meaning}, Label)


def list(
    conn: _Connection[object], *, after_name: str | None = None, page_size: int
) -> builtins.list[Label]:
    """A page of the labels that a job may ask for."""
    return _many(
        conn, _sql["list"], {"after_name": after_name, "page_size": page_size}, Label
    )


def delete(conn: _Connection[object], *, name: str) -> int:
    """How many labels were deleted: one or none. Jobs that ask for it keep it; new
    ones may not.
    """
    return _affected(conn, _sql["delete"], {"name": name})
