"""What a server says of itself, as far as a login without rights is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table about which the planner or the vacuum does not know enough."""

    name: str
    rows: int
    dead_rows: int
    is_analyzed: bool
    is_behind: bool
    """More than twice the dead rows at which autovacuum begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One server, one database, at one moment."""

    version: str
    is_standby: bool
    fsync: bool
    synchronous_commit: str
    synchronous_standby_names: str
    jit: bool
    autovacuum: bool
    shared_buffers_bytes: int
    database_bytes: int
    hits: int
    reads: int
    connections: int
    max_connections: int
    oldest_transaction_s: float | None
    """Of the sessions that this login may see; null without any."""
    tables: tuple[Table, ...] = ()
    is_pooled: bool = False


_GROUND = """
select
    current_setting('server_version') as version,
    pg_is_in_recovery() as is_standby,
    current_setting('fsync')::boolean as fsync,
    current_setting('synchronous_commit') as synchronous_commit,
    current_setting('synchronous_standby_names') as synchronous_standby_names,
    current_setting('jit')::boolean as jit,
    current_setting('autovacuum')::boolean as autovacuum,
    pg_size_bytes(current_setting('shared_buffers')) as shared_buffers_bytes,
    pg_database_size(current_database()) as database_bytes,
    database.blks_hit as hits,
    database.blks_read as reads,
    (
        select sum(numbackends)
        from pg_catalog.pg_stat_database
    )::bigint as connections,
    current_setting('max_connections')::bigint as max_connections,
    (
        select extract(epoch from max(clock_timestamp() - xact_start))::double precision
        from pg_catalog.pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
    ) as oldest_transaction_s
from pg_catalog.pg_stat_database as database
where database.datname = current_database()
"""

_TABLES = """
select
    judged.name,
    judged.rows,
    judged.dead_rows,
    judged.is_analyzed,
    judged.dead_rows > 10000
    and judged.dead_rows > 2 * (
        current_setting('autovacuum_vacuum_threshold')::double precision
        + current_setting('autovacuum_vacuum_scale_factor')::double precision * judged.rows
    ) as is_behind
from (
    select
        statistics.schemaname || '.' || statistics.relname as name,
        greatest(statistics.n_live_tup, class.reltuples::bigint, 0) as rows,
        statistics.n_dead_tup as dead_rows,
        class.reltuples >= 0
        and coalesce(statistics.last_analyze, statistics.last_autoanalyze) is not null
        or pg_relation_size(class.oid) < 1000000
        or exists (
            select
            from pg_catalog.pg_stats as known
            where known.schemaname = statistics.schemaname
                and known.tablename = statistics.relname
        ) as is_analyzed
    from pg_catalog.pg_stat_user_tables as statistics
    join pg_catalog.pg_class as class on class.oid = statistics.relid
) as judged
order by judged.dead_rows desc, judged.name
"""

_PID = "select pg_backend_pid()"


def ground(conn: psycopg.Connection[Any]) -> Ground:
    """What this connection's server says; nothing is asked of a table of ours."""
    with conn.cursor(row_factory=class_row(Table)) as tables:
        noted = tables.execute(_TABLES).fetchall()
    with conn.cursor(row_factory=scalar_row) as cursor:
        pid = cursor.execute(_PID).fetchone()
    with conn.cursor(row_factory=class_row(Ground)) as cursor:
        said = cursor.execute(_GROUND).fetchone()
    assert said is not None
    values = {name: getattr(said, name) for name in Ground.__slots__}
    values["tables"] = tuple(
        each for each in noted if each.is_behind or not each.is_analyzed
    )
    # A pooler makes up the process number that it tells its clients.
    values["is_pooled"] = pid != conn.info.backend_pid
    return Ground(**values)
