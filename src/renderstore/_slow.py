"""The statements that cost the most time, or what is missing where nobody knows and what mends it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import psycopg

from renderstore.ops import health
from renderstore.ops.health import SlowStatement

__all__ = ["HOSTED", "Missing", "SlowStatement", "sees_inside", "slowest"]


class Missing(StrEnum):
    """Why there are no figures: what ops.uncounted_because says."""

    NOT_LOADED = "not loaded"
    NOT_CREATED = "not created"
    OUTDATED = "outdated"
    NOT_READABLE = "not readable"
    NOT_ALL = "not all"

    @property
    def sentence(self) -> str:
        """What is missing, for a person."""
        return _SENTENCES[self]

    @property
    def remedy(self) -> tuple[str, ...]:
        """What a superuser types, in this order; of a hosted server, the account that it came with."""
        return _REMEDIES[self]


_GRANT = "grant pg_read_all_stats to renderstore_readonly;"
_CREATE = "create extension pg_stat_statements;"
_SENTENCES = {
    Missing.NOT_LOADED: (
        "pg_stat_statements is not loaded: the server counts no statements until it is"
        " in shared_preload_libraries and the server was restarted."
    ),
    Missing.NOT_CREATED: "pg_stat_statements is loaded, but not created in this database.",
    Missing.OUTDATED: (
        "pg_stat_statements is of an older server, from before an upgrade of this one."
    ),
    Missing.NOT_READABLE: "This role may not read pg_stat_statements.",
    Missing.NOT_ALL: (
        "This role sees its own statements only: the others' are hidden from all but"
        " members of pg_read_all_stats."
    ),
}
_REMEDIES = {
    Missing.NOT_LOADED: (
        "show shared_preload_libraries;  -- what it names stays in the list:",
        # Quoted together, several would be one name, and the server would not start any more.
        "alter system set shared_preload_libraries = pg_stat_statements;",
        "-- restart the server, then, in this database:",
        _CREATE,
        _GRANT,
    ),
    Missing.NOT_CREATED: (_CREATE, _GRANT),
    Missing.OUTDATED: ("alter extension pg_stat_statements update;",),
    Missing.NOT_READABLE: (
        "\\dx pg_stat_statements  -- names the schema",
        "grant usage on schema SCHEMA to renderstore_readonly;",
        "grant select on SCHEMA.pg_stat_statements to renderstore_readonly;",
        _GRANT,
    ),
    Missing.NOT_ALL: (_GRANT,),
}
HOSTED = (
    "On a hosted server its console has shared_preload_libraries, among the parameters (RDS, Cloud SQL and Azure"
    " load it as they come), and the account that it gave you types the rest."
)


def slowest(
    conn: psycopg.Connection[Any], *, limit: int = 20, inner: bool = False
) -> list[SlowStatement] | Missing:
    """The statements that cost the most time in all, or why nobody knows.

    With `inner`, those too that functions ran, where pg_stat_statements.track is all.
    """
    reason = health.uncounted_because(conn)
    if reason is not None:
        return Missing(reason)
    return health.slowest_statements(conn, max_rows=limit, with_inner=inner)


def sees_inside(conn: psycopg.Connection[Any]) -> bool:
    """Whether what functions run is counted by itself too."""
    row = conn.execute(
        "select current_setting('pg_stat_statements.track', true) = 'all'"
    ).fetchone()
    return row == (True,)
